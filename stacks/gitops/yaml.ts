import { Document, parse, Scalar, type ScalarTag } from "yaml";
import { stringifyString, stringTag } from "yaml/util";

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

interface Mark {
  readonly namespace: string;
  readonly policy: string;
  /** Who moves the value in place of Flux, which reads `$imagepolicy` only. */
  readonly frozen?: "held" | "pinned" | undefined;
}

/** A scalar that Flux's image automation sets; the marker has to be all of its line's comment. */
export function marked(value: string, { namespace, policy, frozen }: Mark) {
  const scalar = new Scalar(value);
  scalar.comment = ` {"$${frozen ?? "imagepolicy"}": "${namespace}:${policy}"}`;
  return scalar;
}

/** What go-yaml may take for a number, underscores left out: `1e3`, `0888`, `0O17`, `9E_+7` (resolve.go). */
const goNumber = /^(\d+(\.\d*)?([eE][-+]?\d+)?|0[bBoOxX].*)$/;

const isWord = (text: string): boolean =>
  /^(\w|\.{0,2}\/)[\w./$@+=,:-]*$/.test(text) &&
  !/[:-]$/.test(text) &&
  !goNumber.test(text.replaceAll("_", "")) &&
  typeof parse(text, { version: "1.1" }) === "string";

/** Neither blank at its edges nor at a line's end, so that kyaml keeps it as a block. */
const isBlock = (text: string): boolean => /^\S.*\n(.*\n)*$/.test(text) && !/[^\n -~]|[ \t]\n|\n\n$/.test(text);

/** The style that kyaml writes too, so that a tag commit by Flux changes the tag's line and no other. */
function style(text: string): Scalar.Type {
  if (isWord(text)) return Scalar.PLAIN;
  if (isBlock(text)) return Scalar.BLOCK_LITERAL;
  return /^[ -~\u00a1-\u00ac\u00ae-\u024f]*$/.test(text) ? Scalar.QUOTE_SINGLE : Scalar.QUOTE_DOUBLE;
}

const escapes: { readonly [character: string]: string } = {
  ...{ "\0": "0", "\x07": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r", "\x1b": "e" },
  ...{ '"': '"', "\\": "\\", "\x85": "N", "\xa0": "_", "\u2028": "L", "\u2029": "P" },
};

function escaped(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
  if (hex.length > 4) return `\\U${hex.padStart(8, "0")}`;
  return `\\${escapes[character] ?? (hex.length > 2 ? `u${hex.padStart(4, "0")}` : `x${hex.padStart(2, "0")}`)}`;
}

/** As kyaml does (go-yaml emitterc.go, yaml_emitter_write_double_quoted_scalar): all of a text that a byte order mark opens. */
function doubleQuoted(text: string): string {
  const unprintable = text.startsWith("\ufeff") ? /./gsu : /["\\\ufeff\u2028\u2029]|[^ -~\u00a0-\ud7ff\ue000-\ufffd]/gu;
  return `"${text.replace(unprintable, escaped)}"`;
}

const string: ScalarTag = {
  ...stringTag,
  stringify: (scalar, ...context) => {
    const value = `${scalar.value}`;
    const type = style(value);
    return type === Scalar.QUOTE_DOUBLE ? doubleQuoted(value) : stringifyString({ ...scalar, value, type }, ...context);
  },
};

const text = (object: KubeObject): string =>
  new Document(object, { aliasDuplicateObjects: false, customTags: (tags) => [string, ...tags] }).toString({
    lineWidth: 0,
  });

/** In the fixed point of Flux's setter: two spaces, LF, no leading ---, one comment above the first object. */
export function toYaml(objects: readonly KubeObject[]): string {
  return `${header}\n${objects.map(text).join("---\n")}`;
}
