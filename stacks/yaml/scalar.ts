/** Text as a YAML scalar, in the style that kyaml writes too, so that a tag commit by Flux changes the tag's line and no other. */

/** What some reader takes for a number or a date, underscores left out: `1e3`, `0888`, `0O17`, `9E_+7`, `12:30`, `e7`. */
const number = /^(\d*(\.\d*)?([eE][-+]?\d+)?|0[bBoOxX].*|\d+(:[0-5]?\d)+(\.\d*)?|\d{4}-\d\d?-\d\d?([tT].*)?)$/;

/** What YAML 1.1 takes for a boolean or for nothing. */
const constant = /^([yn]|yes|no|on|off|true|false|null)$/i;

const isWord = (text: string): boolean =>
  /^(\w|\.{0,2}\/)[\w./$@+=,:-]*$/.test(text) &&
  !/[:-]$/.test(text) &&
  !constant.test(text) &&
  !number.test(text.replaceAll("_", ""));

/** Neither blank at its edges nor at a line's end, so that kyaml keeps it as a block. */
const isBlock = (text: string): boolean => /^\S.*\n(.*\n)*$/.test(text) && !/[^\n -~]|[ \t]\n|\n\n$/.test(text);

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

function quoted(text: string): string {
  return /^[ -~\u00a1-\u00ac\u00ae-\u024f]*$/.test(text) ? `'${text.replaceAll("'", "''")}'` : doubleQuoted(text);
}

/** Keys and names come again in nearly every file, and to ask what a reader takes them for is half of a file's time. */
const known = new Map<string, string>();
const mostKnown = 4096;

/** On one line, as a key has to be. */
export function inline(text: string): string {
  const before = known.get(text);
  if (before !== undefined) return before;
  const written = isWord(text) ? text : quoted(text);
  if (known.size >= mostKnown) known.clear();
  known.set(text, written);
  return written;
}

/** As a value, whose further lines begin with `line`. */
export const scalar = (text: string, line: string): string =>
  text.includes("\n") && isBlock(text)
    ? `|${line}${text.slice(0, -1).replace(/\n+/g, (breaks) => breaks.slice(1) + line)}`
    : inline(text);
