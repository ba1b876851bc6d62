import { randomUUID } from "node:crypto";
import { type Kind, kinds, type Place } from "./kinds.ts";

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly labels?: Texts;
    readonly annotations?: Texts;
    readonly generation?: number;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

interface Texts {
  readonly [key: string]: string;
}

interface Json {
  readonly [key: string]: unknown;
}

const isJson = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

/** RFC 7386. A real API merges some lists by their keys; here a list is replaced. */
function merged(old: unknown, patch: unknown): unknown {
  if (!isJson(patch)) return patch;
  const result: Record<string, unknown> = isJson(old) ? { ...old } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merged(result[key], value);
  }
  return result;
}

/** As the API keeps a Secret: `stringData` goes into `data`, in base64. */
function stored(object: KubeObject): KubeObject {
  const { stringData, data, ...rest } = object;
  if (object.kind !== "Secret" || !isJson(stringData)) return object;
  const encoded = Object.entries(stringData).map(([key, value]) => [key, Buffer.from(`${value}`).toString("base64")]);
  return { ...rest, data: { ...(isJson(data) ? data : {}), ...Object.fromEntries(encoded) } };
}

const keyOf = ({ kind, namespace, name }: Place): string =>
  [kind.group, kind.resource, namespace ?? "", name].join("/");

export interface Objects {
  get(place: Place): KubeObject | undefined;
  list(place: Place): readonly KubeObject[];
  /** Puts a whole object there. */
  put(place: Place, object: Json): KubeObject;
  /** Merges into what is there. */
  merge(place: Place, patch: Json): KubeObject;
  remove(place: Place): void;
  all(): readonly (readonly [string, KubeObject])[];
}

/** Where an object of a kind is kept. */
export function place(name: string, at: { readonly kind: string; readonly namespace?: string | undefined }): Place {
  const kind = kinds.find((each) => each.kind === at.kind);
  if (!kind) throw new Error(`the sandbox's API has no kind ${at.kind}`);
  return { kind, namespace: at.namespace, name };
}

function dressed({ kind, namespace, name }: Place, next: Json, old: KubeObject | undefined): KubeObject {
  const { metadata = {} } = next as { metadata?: Json };
  const changed = JSON.stringify(next["spec"]) !== JSON.stringify(old?.["spec"]);
  const known: Json = old?.metadata ?? {};
  const generation = old?.metadata.generation ?? 0;
  const { uid = randomUUID(), creationTimestamp = new Date().toISOString(), resourceVersion = 0 } = known;
  const version = Number(resourceVersion) + 1;
  return stored({
    ...next,
    apiVersion: apiVersion(kind),
    kind: kind.kind,
    metadata: {
      ...metadata,
      ...{ name: `${name}`, ...(namespace ? { namespace } : {}), uid, creationTimestamp },
      ...{ resourceVersion: String(version), generation: changed ? generation + 1 : generation },
    },
  });
}

export const apiVersion = ({ group, version }: Kind): string => (group ? `${group}/${version}` : version);

/** `changed` hears of every write, with all that there is then. */
export function objects(initial: readonly (readonly [string, KubeObject])[], changed: () => void): Objects {
  const kept = new Map(initial);
  const put = (at: Place, next: Json) => {
    const object = dressed(at, next, kept.get(keyOf(at)));
    kept.set(keyOf(at), object);
    changed();
    return object;
  };
  return {
    get: (at) => kept.get(keyOf(at)),
    list: ({ kind, namespace }) => {
      const prefix = [kind.group, kind.resource, ""].join("/");
      const found = [...kept].filter(([key]) => key.startsWith(prefix)).map(([, object]) => object);
      return found.filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace);
    },
    put,
    merge: (at, patch) => put(at, merged(kept.get(keyOf(at)), patch) as Json),
    remove: (at) => {
      kept.delete(keyOf(at));
      if (at.kind.kind === "Namespace") {
        for (const [key, { metadata }] of kept) if (metadata.namespace === at.name) kept.delete(key);
      }
      changed();
    },
    all: () => [...kept],
  };
}
