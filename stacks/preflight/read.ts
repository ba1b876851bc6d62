/** SHELL: what Hetzner says now, asked all at once. */
import type { z } from "zod";
import { clockProblem } from "./clock.ts";
import type { Demand } from "./demand.ts";
import { type Client, HetznerError } from "./hetzner.ts";
import type { Part } from "./parts.ts";
import {
  type Existing,
  existing,
  image,
  type Kind,
  loadBalancerType,
  pricing,
  type Snapshot,
  serverType,
  type Whole,
  whole,
} from "./snapshot.ts";

export interface Reading {
  readonly snapshot: Snapshot;
  /** Sentences: what was not read, and why. */
  readonly unread: readonly string[];
  /** Hetzner does not take the token: nothing will work. */
  readonly refused: HetznerError | undefined;
  /** Why this machine's clock cannot be right. */
  readonly clock: string | undefined;
}

interface Answer<T> {
  readonly what: string;
  readonly value: T | undefined;
  readonly error: HetznerError | undefined;
}

function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new HetznerError(`its answer has another form (${issue?.path.join(".")}: ${issue?.message})`);
}

async function part<T>(what: string, asked: Promise<T>): Promise<Answer<T>> {
  try {
    return { what, value: await asked, error: undefined };
  } catch (error) {
    if (error instanceof HetznerError) return { what, value: undefined, error };
    throw error;
  }
}

const words = (kind: string): string => kind.replaceAll("_", " ").replace("ips", "IPs");

function lists(client: Client) {
  return <T>(schema: z.ZodType<T>, member: string, query = ""): Promise<Answer<readonly T[]>> =>
    part(
      words(member),
      client.list(`/${member}${query}`, member).then((items) => items.map((item) => parsed(schema, item))),
    );
}

async function prices(client: Client) {
  const answer = (await client.get("/pricing")) as { readonly pricing?: unknown };
  return parsed(pricing, answer.pricing);
}

/** One sentence per reason, with all that was not read because of it. */
function sentences(parts: readonly Answer<unknown>[]): readonly string[] {
  const failed = parts.filter(({ error }) => error !== undefined);
  const reasons = Map.groupBy(failed, ({ error }) => error?.message ?? "");
  return [...reasons].map(([reason, all]) => `${all.map(({ what }) => what).join(", ")}: ${reason}`);
}

const tokenCodes = ["unauthorized", "forbidden"];

/** What has to be listed: of every kind that the stage makes, and the addresses, which cost something. */
export const kindsOf = ({ names }: Demand): readonly Kind[] => [
  ...new Set([...names.map(({ kind }) => kind), "primary_ips" as const]),
];

/** Asks for everything that a check looks at, in parallel; what cannot be read is named and left out. */
export async function readHetzner(
  client: Client,
  asked: { readonly image: string; readonly kinds: readonly Kind[] },
): Promise<Reading> {
  const list = lists(client);
  const query = `?name=${encodeURIComponent(asked.image)}&include_deprecated=true`;
  const [serverTypes, loadBalancerTypes, images, price, ...there] = await Promise.all([
    list(serverType, "server_types"),
    list(loadBalancerType, "load_balancer_types"),
    list(image, "images", query),
    part("prices", prices(client)),
    ...asked.kinds.map((kind) => list(existing, kind)),
  ]);
  const parts = [serverTypes, loadBalancerTypes, images, price, ...there];
  const found = asked.kinds.map((kind, index) => [kind, there[index]?.value] as const);
  return {
    snapshot: {
      serverTypes: serverTypes.value,
      loadBalancerTypes: loadBalancerTypes.value,
      images: images.value,
      pricing: price.value,
      existing: Object.fromEntries(found),
    },
    unread: sentences(parts),
    refused: parts.find(({ error }) => tokenCodes.includes(error?.code ?? ""))?.error,
    clock: parts.find(({ error }) => error?.code === "clock")?.error?.message ?? clockProblem(client.ahead()),
  };
}

/** What has this name now; nothing also where that cannot be read. */
export async function readNamesake(client: Client, kind: Kind, name: string): Promise<Existing | undefined> {
  const { value = [] } = await lists(client)(existing, kind, `?name=${encodeURIComponent(name)}`);
  return value[0];
}

/** All of a kind; nothing where that cannot be read. */
export const readAll = async (client: Client, kind: Kind): Promise<readonly Existing[]> =>
  (await lists(client)(existing, kind)).value ?? [];

/** What a part belongs to, if the part is there; nothing also where that cannot be read. */
export async function readWhole(client: Client, { kind, of, isIn }: Part): Promise<Whole | undefined> {
  const { value = [] } = await lists(client)(whole, kind, `?name=${encodeURIComponent(of)}`);
  return value.find(isIn);
}
