/**
 * Reads YAML as it is nearly always written for Kubernetes, and as we write it (gitops/yaml.ts): block mappings and lists of words,
 * one-line quotes and literal blocks. It takes a twentieth of the time of a parser for all of YAML, which in a repository of
 * thousands of files is the difference between a glance and a wait.
 */

/** What is not understood without doubt is left to the parser, which also knows what to say of it. */
class Beyond extends Error {}

/** Where the reader stands. */
interface Cursor {
  readonly lines: string[];
  at: number;
}

const entryForm = /^([A-Za-z_][\w./-]*):(?: (.+))?$/;
const word = /^((?:\w|\.{0,2}\/)[\w./$@+=,:-]*)(?: +#.*)?$/;
const wholeNumber = /^(0|[1-9]\d{0,14})$/;
/** What may be a number in some notation. */
const numeric = /^[\d.]+([eE][-+]?\d+)?$|^0[xo]|^\.(inf|nan)$/i;
const constants: { readonly [word: string]: unknown } = { true: true, false: false };
const constant = /^(true|false|null)$/i;

const indentOf = (line: string): number => line.search(/[^ ]/);

function beyond(): never {
  throw new Beyond();
}

function plain(text: string): unknown {
  const [, value = beyond()] = word.exec(text) ?? [];
  if (wholeNumber.test(value)) return Number(value);
  if (Object.hasOwn(constants, value)) return constants[value];
  return value.endsWith(":") || constant.test(value) || numeric.test(value) ? beyond() : value;
}

function scalar(text: string): unknown {
  if (text === "{}") return {};
  if (text === "[]") return [];
  const [, single] = /^'((?:[^']|'')*)'$/.exec(text) ?? [];
  if (single !== undefined) return single.replaceAll("''", "'");
  const [, double] = /^"([^"\\]*)"$/.exec(text) ?? [];
  return double ?? plain(text);
}

/** Whether a block goes on with a line: it ends where one stands at its key again. */
function isInside(line: string, { indent, parent }: { readonly indent: number; readonly parent: number }): boolean {
  const own = indentOf(line);
  if (line === "" || own >= indent) return true;
  return own < 0 || own > parent ? beyond() : false;
}

function block(cursor: Cursor, parent: number): string {
  const indent = indentOf(cursor.lines[cursor.at] ?? "");
  if (indent <= parent) beyond();
  const rest = cursor.lines.slice(cursor.at);
  const end = rest.findIndex((line) => !isInside(line, { indent, parent }));
  const own = end < 0 ? rest : rest.slice(0, end);
  cursor.at += own.length;
  const texts = own.map((line) => line.slice(indent));
  return `${texts.join("\n").replace(/\n+$/, "")}\n`;
}

/** A value of which nothing stands on its key's line. */
function below(cursor: Cursor, parent: number): unknown {
  const line = cursor.lines[cursor.at] ?? "";
  const indent = indentOf(line);
  if (indent <= parent) beyond();
  return line.startsWith("- ", indent) ? list(cursor, indent) : mapping(cursor, indent);
}

function anything(cursor: Cursor, text: string | undefined, parent: number): unknown {
  if (text === undefined) return below(cursor, parent);
  return text === "|" ? block(cursor, parent) : scalar(text);
}

/** Whether a line of the collection comes next; a deeper one would go on with what was read. */
function goesOn({ lines, at }: Cursor, indent: number): boolean {
  if (at >= lines.length) return false;
  const next = indentOf(lines[at] ?? "");
  if (next < 0 || next > indent) beyond();
  return next === indent;
}

function mapping(cursor: Cursor, indent: number): unknown {
  const found: Record<string, unknown> = {};
  while (goesOn(cursor, indent)) {
    const [, key = beyond(), text] = entryForm.exec((cursor.lines[cursor.at] ?? "").slice(indent)) ?? [];
    if (key === "__proto__" || constant.test(key) || Object.hasOwn(found, key)) beyond();
    cursor.at += 1;
    found[key] = anything(cursor, text, indent);
  }
  return found;
}

function item(cursor: Cursor, indent: number): unknown {
  const rest = (cursor.lines[cursor.at] ?? "").slice(indent + 2);
  if (entryForm.test(rest)) {
    // A mapping that begins on its dash's line goes on where its first key stands.
    cursor.lines[cursor.at] = `${" ".repeat(indent + 2)}${rest}`;
    return mapping(cursor, indent + 2);
  }
  cursor.at += 1;
  return anything(cursor, rest === "" ? beyond() : rest, indent);
}

function list(cursor: Cursor, indent: number): unknown {
  const found: unknown[] = [];
  while (goesOn(cursor, indent)) {
    if (!cursor.lines[cursor.at]?.startsWith("- ", indent)) beyond();
    found.push(item(cursor, indent));
  }
  return found;
}

/** The one document of a text, or nothing for a text that this reader does not understand. */
export function plainYaml(text: string): unknown {
  if (!/^[ -~\n]*\n$/.test(text)) return undefined;
  const lines = text.slice(0, -1).split("\n");
  const at = lines.findIndex((line) => !line.startsWith("#"));
  const cursor = { lines, at: at < 0 ? lines.length : at };
  try {
    const value = indentOf(lines[cursor.at] ?? "") === 0 ? mapping(cursor, 0) : undefined;
    return cursor.at === lines.length ? value : undefined;
  } catch (error) {
    if (error instanceof Beyond) return undefined;
    throw error;
  }
}
