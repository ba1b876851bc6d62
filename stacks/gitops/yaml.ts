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

function entry([key, value]: readonly [string, unknown], indentation: string): string {
  const name = inline(key);
  const below = `${indentation}  `;
  const text = node(value, below);
  if (name.length > longestKey) return `? ${name}\n${indentation}: ${text}`;
  const isFlat = typeof value !== "object" || value === null || isMarked(value) || text === "{}" || text === "[]";
  return `${name}:${isFlat ? " " : `\n${below}`}${text}`;
}

/** A value whose first line stands where it is put, and its further ones at the indentation. */
function node(value: unknown, indentation: string): string {
  if (typeof value === "string") return scalar(value, indentation);
  if (typeof value === "number") return stringifyNumber(new Scalar(value));
  if (typeof value !== "object" || value === null) return `${value ?? null}`;
  if (isMarked(value)) return `${inline(value.value)} ${value[comment]}`;
  if (Array.isArray(value)) {
    const items = value.map((item) => `- ${node(item, `${indentation}  `)}`);
    return items.join(`\n${indentation}`) || "[]";
  }
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return entries.map((each) => entry(each, indentation)).join(`\n${indentation}`) || "{}";
}

/** A value as text, for a field that holds YAML. */
export const yamlText = (value: unknown): string => `${node(value, "")}\n`;

/** In the fixed point of Flux's setter: two spaces, LF, no leading ---, one comment above the first object. */
export function toYaml(objects: readonly KubeObject[]): string {
  return `${header}\n${objects.map((object) => `${node(object, "")}\n`).join("---\n")}`;
}
