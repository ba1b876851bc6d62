/** Written line by line: a document model for each of thousands of files takes ten times as long as their text. */
import { Scalar } from "yaml";
import { stringifyNumber } from "yaml/util";
import { inline, scalar } from "./yaml-scalar.ts";

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly [key: string]: unknown;
}

/** Path in the repository to the objects of its file. */
export interface Manifests {
  readonly [path: string]: readonly KubeObject[];
}

const header = "# Rendered from the configuration: edit it there.";

const comment = Symbol("comment");

/** A text with a comment on its line. */
interface Marked {
  readonly value: string;
  readonly [comment]: string;
}

interface Mark {
  readonly namespace: string;
  readonly policy: string;
  /** Who moves the value in place of Flux, which reads `$imagepolicy` only. */
  readonly frozen?: "held" | "pinned" | undefined;
}

/** A scalar that Flux's image automation sets; the marker has to be all of its line's comment. */
export const marked = (value: string, { namespace, policy, frozen }: Mark): Marked => {
  return { value, [comment]: `# {"$${frozen ?? "imagepolicy"}": "${namespace}:${policy}"}` };
};

const isMarked = (value: object): value is Marked => comment in value;

/** The longest that go-yaml writes as `key:` (emitterc.go, yaml_emitter_check_simple_key). */
const longestKey = 128;

function isEmpty(value: object): boolean {
  if (Array.isArray(value)) return value.length === 0;
  for (const key in value) if (value[key as keyof typeof value] !== undefined) return false;
  return true;
}

/** Nothing below its key's line: a scalar, or a collection with nothing in it. */
const isFlat = (value: unknown): boolean =>
  typeof value !== "object" || value === null || isMarked(value) || isEmpty(value);

function entry(pieces: string[], [key, value]: readonly [string, unknown], indentation: string): void {
  const name = inline(key);
  const below = `${indentation}  `;
  if (name.length > longestKey) pieces.push("? ", name, "\n", indentation, ": ");
  else if (isFlat(value)) pieces.push(name, ": ");
  else pieces.push(name, ":\n", below);
  node(pieces, value, below);
}

function mapping(pieces: string[], value: object, indentation: string): void {
  const start = pieces.length;
  for (const each of Object.entries(value)) {
    if (each[1] === undefined) continue;
    if (pieces.length > start) pieces.push("\n", indentation);
    entry(pieces, each, indentation);
  }
  if (pieces.length === start) pieces.push("{}");
}

function sequence(pieces: string[], value: readonly unknown[], indentation: string): void {
  const start = pieces.length;
  const below = `${indentation}  `;
  for (const item of value) {
    if (pieces.length > start) pieces.push("\n", indentation);
    pieces.push("- ");
    node(pieces, item, below);
  }
  if (pieces.length === start) pieces.push("[]");
}

/** A value whose first line stands where it is put, and its further ones at the indentation. */
function node(pieces: string[], value: unknown, indentation: string): void {
  if (typeof value === "string") pieces.push(scalar(value, indentation));
  else if (typeof value === "number") pieces.push(stringifyNumber(new Scalar(value)));
  else if (typeof value !== "object" || value === null) pieces.push(`${value ?? null}`);
  else if (isMarked(value)) pieces.push(`${inline(value.value)} ${value[comment]}`);
  else if (Array.isArray(value)) sequence(pieces, value, indentation);
  else mapping(pieces, value, indentation);
}

/** A value as text, for a field that holds YAML. */
export function yamlText(value: unknown): string {
  const pieces: string[] = [];
  node(pieces, value, "");
  return `${pieces.join("")}\n`;
}

/** In the fixed point of Flux's setter: two spaces, LF, no leading ---, one comment above the first object. */
export function toYaml(objects: readonly KubeObject[]): string {
  const pieces = [header];
  for (const [index, object] of objects.entries()) {
    pieces.push(index > 0 ? "\n---\n" : "\n");
    node(pieces, object, "");
  }
  pieces.push("\n");
  // One flat string: of thousands of files, the pieces that a concatenation keeps would be most of the memory.
  return pieces.join("");
}
