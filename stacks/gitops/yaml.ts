import { Document, isScalar, parse, Scalar, visit } from "yaml";

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

/** A scalar that Flux's image automation sets; the marker has to be all of its line's comment. */
export function marked(value: string, { namespace, policy }: { readonly namespace: string; readonly policy: string }) {
  const scalar = new Scalar(value);
  scalar.comment = ` {"$imagepolicy": "${namespace}:${policy}"}`;
  return scalar;
}

/** What go-yaml takes for a number and YAML 1.1 for a string: `1e3`, `0888`, `0o17` (go-yaml resolve.go, yamlStyleFloat). */
const goNumber = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$|^0o[0-7]+$/;

const isWord = (text: string): boolean =>
  /^(\w|\.{0,2}\/)[\w./$@+=,:-]*$/.test(text) &&
  !/[:-]$/.test(text) &&
  !goNumber.test(text) &&
  typeof parse(text, { version: "1.1" }) === "string";

/** Neither blank at its edges nor at a line's end, so that kyaml keeps it as a block. */
const isBlock = (text: string): boolean => /^\S.*\n(.*\n)*$/.test(text) && !/[^\n -~]|[ \t]\n|\n\n$/.test(text);

/** The style that kyaml writes too, so that a tag commit by Flux changes the tag's line and no other. */
function style(text: string): Scalar.Type {
  if (isWord(text)) return Scalar.PLAIN;
  if (isBlock(text)) return Scalar.BLOCK_LITERAL;
  return /^[ -~\u00a1-\u00ac\u00ae-\u024f]*$/.test(text) ? Scalar.QUOTE_SINGLE : Scalar.QUOTE_DOUBLE;
}

/** kyaml escapes what lies beyond the basic plane (go-yaml yamlprivateh.go, is_printable); here that is in double quotes. */
const escaped = (yaml: string): string =>
  yaml.replace(/[\u{10000}-\u{10ffff}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\U${code.toString(16).toUpperCase().padStart(8, "0")}`;
  });

function text(object: KubeObject): string {
  const document = new Document(object, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_key, node) => {
      if (isScalar<string>(node) && typeof node.value === "string") node.type = style(node.value);
    },
  });
  return escaped(document.toString({ lineWidth: 0 }));
}

/** In the fixed point of Flux's setter: two spaces, LF, no leading ---, one comment above the first object. */
export function toYaml(objects: readonly KubeObject[]): string {
  return `${header}\n${objects.map(text).join("---\n")}`;
}
