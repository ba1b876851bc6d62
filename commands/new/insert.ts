import { isMap, isNode, isPair, isSeq, parseDocument } from "yaml";
import { ConfigError } from "../../stacks/config/error.ts";

/** Adds to a file that people wrote: lines go in, and every other byte stays, comments and all. */

type Path = readonly (string | number)[];

/** Where the line ends in which a node's last character is. */
function lineEnd(text: string, node: unknown): number {
  const [, end = 0] = (isNode(node) && node.range) || [];
  // A block's own range reaches to the line below it.
  const last = text[end - 1] === "\n" ? end - 1 : end;
  const found = text.indexOf("\n", last);
  return found < 0 ? text.length : found;
}

function spliced(text: string, at: number, lines: readonly string[]): string {
  const before = text.slice(0, at);
  return `${before}${before.endsWith("\n") || before === "" ? "" : "\n"}${lines.join("\n")}${text.slice(at) || "\n"}`;
}

const indented = (lines: readonly string[], column: number): readonly string[] =>
  lines.map((line) => `${" ".repeat(column)}${line}`);

const columnOf = (text: string, offset: number): number => offset - (text.lastIndexOf("\n", offset - 1) + 1);

interface Insertion {
  readonly path: Path;
  /** Without indentation. */
  readonly lines: readonly string[];
}

/** An entry of a block: where it begins, in which column its neighbours do, and where its last line ends. */
function entryOf(text: string, block: unknown, index: number) {
  const isBlock = (isMap(block) || isSeq(block)) && !block.flow;
  const item = isBlock ? block.items[index] : undefined;
  const [first, last] = isPair(item) ? [item.key, item.value ?? item.key] : [item, item];
  if (!(isNode(first) && first.range)) return undefined;
  // An item of a list stands behind its hyphen and a space.
  const column = columnOf(text, first.range[0]) - (isPair(item) ? 0 : 2);
  return { column: Math.max(0, column), end: lineEnd(text, last) };
}

/** Behind an entry of a list, or of a mapping by its number. @throws ConfigError for a file that has no such block */
export function insertAfter(file: string, text: string, { path, lines }: Insertion): string {
  const above = path.slice(0, -1);
  const entry = entryOf(text, parseDocument(text).getIn(above, true), Number(path.at(-1)));
  if (entry) return spliced(text, entry.end, indented(lines, entry.column));
  throw new ConfigError(
    `${file}: ${above.join(".")} has to be a block with at least one entry, on lines of their own.`,
  );
}

/** As the last entry of the block at a path. @throws ConfigError as above */
export function insertLast(file: string, text: string, { path, lines }: Insertion): string {
  const block = parseDocument(text).getIn(path, true);
  const items = isMap(block) || isSeq(block) ? block.items : [];
  return insertAfter(file, text, { path: [...path, items.length - 1], lines });
}
