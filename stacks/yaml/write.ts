/** Written line by line: a document model for each of thousands of files takes ten times as long as their text. */
import { inline, scalar } from "./scalar.ts";

/** A text with a comment on its line. */
class Marked {
  readonly value: string;
  readonly comment: string;

  constructor(value: string, comment: string) {
    this.value = value;
    this.comment = comment;
  }
}

interface Mark {
  readonly namespace: string;
  readonly policy: string;
  /** Who moves the value in place of Flux, which reads `$imagepolicy` only. */
  readonly frozen?: "held" | "pinned" | undefined;
}

/** A scalar that Flux's image automation sets; the marker has to be all of its line's comment. */
export const marked = (value: string, { namespace, policy, frozen }: Mark): Marked => {
  return new Marked(value, `# {"$${frozen ?? "imagepolicy"}": "${namespace}:${policy}"}`);
};

/** The longest that go-yaml writes as `key:` (emitterc.go, yaml_emitter_check_simple_key). */
const longestKey = 128;

function isEmpty(value: object): boolean {
  if (Array.isArray(value)) return value.length === 0;
  for (const key in value) if (value[key as keyof typeof value] !== undefined) return false;
  return true;
}

/** Nothing below its key's line: a scalar, or a collection with nothing in it. */
const isFlat = (value: unknown): boolean =>
  typeof value !== "object" || value === null || value instanceof Marked || isEmpty(value);

/** `line` begins one at the indentation of what is written, everywhere below. */
function entry(key: string, value: unknown, line: string): string {
  const name = inline(key);
  const below = `${line}  `;
  if (name.length > longestKey) return `? ${name}${line}: ${node(value, below)}`;
  return `${name}${isFlat(value) ? ": " : `:${below}`}${node(value, below)}`;
}

function mapping(value: object, line: string): string {
  let text = "";
  for (const key in value) {
    const item = value[key as keyof typeof value];
    if (item === undefined) continue;
    if (text !== "") text += line;
    text += entry(key, item, line);
  }
  return text || "{}";
}

function sequence(value: readonly unknown[], line: string): string {
  let text = "";
  const below = `${line}  `;
  for (const item of value) text += `${text === "" ? "- " : `${line}- `}${node(item, below)}`;
  return text || "[]";
}

/** As the package `yaml` writes it, whose reader may have found any of them in a configuration. */
function numeral(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? "-0" : JSON.stringify(value);
  return Number.isNaN(value) ? ".nan" : value < 0 ? "-.inf" : ".inf";
}

/** A value whose first line stands where it is put, and its further ones at the indentation. */
function node(value: unknown, line: string): string {
  if (typeof value === "string") return scalar(value, line);
  if (typeof value === "number") return numeral(value);
  if (typeof value !== "object" || value === null) return `${value ?? null}`;
  if (value instanceof Marked) return `${inline(value.value)} ${value.comment}`;
  return Array.isArray(value) ? sequence(value, line) : mapping(value, line);
}

/** A value as a text of YAML. */
export const yamlText = (value: unknown): string => `${node(value, "\n")}\n`;
