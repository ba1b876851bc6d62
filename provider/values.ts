import structs from "google-protobuf/google/protobuf/struct_pb.js";

export type Value = null | boolean | number | string | readonly Value[] | Properties;
export interface Properties {
  readonly [name: string]: Value;
}

/** Plain values with the property paths (`files["a/b.yaml"]`) that were secret or unknown in them. */
export interface Decoded {
  readonly values: Properties;
  readonly secrets: ReadonlySet<string>;
}

/** A value that only the update will know. Pulumi writes it as this string (sdk/go/common/resource/plugin/rpc.go). */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** The engine's words for an unknown number, boolean, list, asset, archive and object. */
const typedUnknowns = new Set([
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

const signature = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** Marks an output or input as secret: encrypted in the state, hidden in every display. */
export function secret(value: Value): Properties {
  return { [signature]: secretSignature, value };
}

/** A path as the engine parses it: a name that is no plain word goes into brackets and quotes. */
export function propertyPath(parent: string, key: string | number): string {
  if (typeof key === "number") return `${parent}[${key}]`;
  if (!/^[\w$-]+$/.test(key)) return `${parent}[${JSON.stringify(key)}]`;
  return parent === "" ? key : `${parent}.${key}`;
}

export function isProperties(value: Value | undefined): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSecret(value: Value): value is { readonly value: Value } {
  return isProperties(value) && value[signature] === secretSignature;
}

type Visit = (value: Value, path: string) => Value;

function mapProperties(values: Properties, path: string, visit: Visit): Properties {
  const present = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present.map(([name, value]) => [name, visit(value, propertyPath(path, name))]));
}

function mapChildren(value: Value, path: string, visit: Visit): Value {
  if (Array.isArray(value)) return value.map((item, index) => visit(item, propertyPath(path, index)));
  return isProperties(value) ? mapProperties(value, path, visit) : value;
}

/** Without secret wrappers, and with every kind of unknown as `unknown`. */
export function decode(struct: structs.Struct | undefined): Decoded {
  const secrets = new Set<string>();
  const plain: Visit = (value, path) => {
    if (typeof value === "string") return typedUnknowns.has(value) ? unknown : value;
    if (!isSecret(value)) return mapChildren(value, path, plain);
    secrets.add(path);
    return plain(value.value, path);
  };
  const values = (struct?.toJavaScript() ?? {}) as Properties;
  return { values: mapProperties(values, "", plain), secrets };
}

/** Values at a path that was secret are marked again: otherwise the engine would store them in clear. */
export function encode(values: Properties, secrets: ReadonlySet<string> = new Set()): structs.Struct {
  const marked: Visit = (value, path) => {
    if (isSecret(value)) return value;
    const inner = mapChildren(value, path, marked);
    return secrets.has(path) ? secret(inner) : inner;
  };
  type Json = Parameters<typeof structs.Struct.fromJavaScript>[0];
  return structs.Struct.fromJavaScript(mapProperties(values, "", marked) as Json);
}
