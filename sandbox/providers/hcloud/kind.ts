import { isProperties, type Properties, type Value } from "../../../provider/values.ts";
import type { Client } from "./client.ts";

/** One property, as the Terraform schema behind the provider declares it (internal/<kind>/resource.go). */
export interface Property {
  readonly type: "string" | "number" | "boolean" | "labels" | "object" | "list" | "set";
  /** Of an object, or of the objects in a list or set. */
  readonly fields?: Fields;
  /** Of plain items in a list or set. */
  readonly items?: "string" | "number";
  readonly required?: true;
  /** ForceNew, RequiresReplace: a change makes a new resource. */
  readonly replaces?: true;
  /** Left out, it is what the API says; an input that goes away is then no change. */
  readonly computed?: true;
  readonly initially?: Value;
  /** Never an input. */
  readonly output?: true;
  /** Left out, it differs from everything, even from nothing: terraform-provider-hcloud#650. */
  readonly mustBeGiven?: true;
  /** The state holds this of the input instead of the input. */
  readonly stored?: (input: string) => string;
}

export interface Fields {
  readonly [name: string]: Property;
}

export interface Change {
  readonly id: string;
  readonly inputs: Properties;
  readonly old: Properties;
  readonly changed: (...names: readonly string[]) => boolean;
}

/** One resource type: its properties and what to say to the API. */
export interface Kind {
  readonly fields: Fields;
  /** Gives the Pulumi id. */
  readonly create: (client: Client, inputs: Properties) => Promise<string>;
  /** What the API knows of it; `undefined` when it is gone. `known` are inputs, or outputs where there are none. */
  readonly read: (client: Client, id: string, known: Properties) => Promise<Properties | undefined>;
  /** Without one every input replaces. */
  readonly update?: (client: Client, change: Change) => Promise<void>;
  readonly remove: (client: Client, id: string, outputs: Properties) => Promise<void>;
}

/** It exists, and what was to follow did not come about. */
export class Unfinished extends Error {
  readonly id: string;

  constructor(id: string, reason: Error) {
    super(reason.message, { cause: reason });
    this.id = id;
  }
}

/** Terraform keeps the id that it has, whatever becomes of the steps behind it. */
export async function finish(id: number, steps: () => Promise<void>): Promise<string> {
  await steps().catch((error: Error) => {
    throw new Unfinished(String(id), error);
  });
  return String(id);
}

export const text = (more: Partial<Property> = {}): Property => ({ type: "string", ...more });
export const number = (more: Partial<Property> = {}): Property => ({ type: "number", ...more });
export const flag = (more: Partial<Property> = {}): Property => ({ type: "boolean", ...more });
export const labels = (more: Partial<Property> = {}): Property => ({ type: "labels", ...more });
export const required = { required: true } as const;
export const replaces = { replaces: true } as const;
export const computed = { computed: true } as const;
export const output = { output: true, computed: true } as const;
export const off = { initially: false } as const;

/** Without the members that are not set. */
export function given(values: { readonly [name: string]: Value | undefined }): Properties {
  const entries = Object.entries(values).filter((entry): entry is [string, Value] => entry[1] !== undefined);
  return Object.fromEntries(entries);
}

export const objects = (value: Value | undefined): readonly Properties[] =>
  Array.isArray(value) ? value.filter(isProperties) : [];

/** PUT of the name and labels, for kinds where nothing else can be changed there. */
export async function rename(client: Client, path: string, { inputs, changed }: Change): Promise<void> {
  if (!changed("name", "labels")) return;
  const body = { name: inputs["name"], ...(changed("labels") ? { labels: inputs["labels"] ?? {} } : {}) };
  await client.request("PUT", path, body);
}
