/** A regular expression as instructions for `matcher.ts`: the syntax that RE2 and JavaScript share, flags left out. */

export type Instruction =
  | { readonly op: "one"; readonly fits: (character: string) => boolean }
  /** The first way is preferred. */
  | { readonly op: "split"; readonly ways: readonly number[] }
  | { readonly op: "save"; readonly slot: number }
  | { readonly op: "at"; readonly end: boolean }
  | { readonly op: "match" };

type Node =
  | { readonly kind: "one"; readonly fits: (character: string) => boolean }
  | { readonly kind: "at"; readonly end: boolean }
  | { readonly kind: "all" | "any"; readonly nodes: readonly Node[] }
  | { readonly kind: "group"; readonly slot: number; readonly body: Node }
  | {
      readonly kind: "repeat";
      readonly body: Node;
      readonly min: number;
      readonly max: number;
      readonly lazy: boolean;
    };

interface Reading {
  readonly text: string;
  at: number;
  groups: number;
}

/** RE2's own limit is of this size; a pattern for tags has some dozens. */
const most = 10_000;

function take(reading: Reading, form: RegExp): RegExpExecArray | undefined {
  const sticky = new RegExp(form.source, "y");
  sticky.lastIndex = reading.at;
  const found = sticky.exec(reading.text) ?? undefined;
  reading.at += found?.[0].length ?? 0;
  return found;
}

/** A class or an escape of one character means the same to JavaScript, which is asked one character at a time. */
function oneOf(source: string): Node {
  const form = new RegExp(`^(?:${source})$`);
  return { kind: "one", fits: (character) => form.test(character) };
}

function group(reading: Reading, head: string): Node {
  const slot = head === "(?:" ? 0 : ++reading.groups;
  const body = alternatives(reading);
  if (!take(reading, /\)/)) throw new Error("a ( has no )");
  return slot === 0 ? body : { kind: "group", slot, body };
}

function atom(reading: Reading): Node {
  const [head] = take(reading, /\((?:\?:|\?P?<[A-Za-z_]\w*>)?(?!\?)/) ?? [];
  if (head !== undefined) return group(reading, head);
  const [anchor] = take(reading, /\^|\$|\\A|\\z/) ?? [];
  if (anchor !== undefined) return { kind: "at", end: anchor === "$" || anchor === "\\z" };
  const [single] =
    take(reading, /\[\^?(?:[^\][\\]|\\[dDwWsS]|\\\W)+\]|\\[dDwWsSnrtfv]|\\[^\w\s]|[^\\[\](){}*+?|^$]/) ?? [];
  if (single === undefined) throw new Error(`${reading.text.slice(reading.at, reading.at + 12)} is not read here`);
  return oneOf(/^[\w.[\\]/.test(single) ? single : `\\u${single.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

const signs: { readonly [sign: string]: readonly [number, number] } = {
  "*": [0, Number.POSITIVE_INFINITY],
  "+": [1, Number.POSITIVE_INFINITY],
  "?": [0, 1],
};

function piece(reading: Reading): Node {
  const body = atom(reading);
  const [, sign, least, comma, greatest, lazy] = take(reading, /(?:([*+?])|\{(\d+)(,(\d*))?\})(\?)?/) ?? [];
  if (sign === undefined && least === undefined) return body;
  const bounded = [Number(least), comma ? Number(greatest || Number.POSITIVE_INFINITY) : Number(least)] as const;
  const [min, max] = signs[sign ?? ""] ?? bounded;
  return { kind: "repeat", body, min, max, lazy: lazy !== undefined };
}

function alternatives(reading: Reading): Node {
  const nodes: Node[] = [];
  do {
    const pieces: Node[] = [];
    while (reading.at < reading.text.length && !/[|)]/.test(reading.text[reading.at] ?? ""))
      pieces.push(piece(reading));
    nodes.push({ kind: "all", nodes: pieces });
  } while (take(reading, /\|/));
  return { kind: "any", nodes };
}

/** Writes a part's instructions behind those that are there. */
function emit(node: Node, program: Instruction[]): void {
  if (program.length > most) throw new Error("it is too large");
  if (node.kind === "one") program.push({ op: "one", fits: node.fits });
  if (node.kind === "at") program.push({ op: "at", end: node.end });
  if (node.kind === "all") for (const each of node.nodes) emit(each, program);
  if (node.kind === "any") emitAny(node.nodes, program);
  if (node.kind === "repeat") emitRepeat(node, program);
  if (node.kind !== "group") return;
  program.push({ op: "save", slot: node.slot * 2 });
  emit(node.body, program);
  program.push({ op: "save", slot: node.slot * 2 + 1 });
}

function emitAny(nodes: readonly Node[], program: Instruction[]): void {
  const [only, ...others] = nodes;
  if (only && others.length === 0) {
    emit(only, program);
    return;
  }
  const fork = program.push({ op: "split", ways: [] }) - 1;
  const starts: number[] = [];
  const ends: number[] = [];
  for (const node of nodes) {
    starts.push(program.length);
    emit(node, program);
    ends.push(program.push({ op: "split", ways: [] }) - 1);
  }
  program[fork] = { op: "split", ways: starts };
  for (const end of ends) program[end] = { op: "split", ways: [program.length] };
}

const ordered = (lazy: boolean, inside: number, behind: number): Instruction => ({
  op: "split",
  ways: lazy ? [behind, inside] : [inside, behind],
});

function emitRepeat({ body, min, max, lazy }: Extract<Node, { kind: "repeat" }>, program: Instruction[]): void {
  for (let count = 0; count < min; count++) emit(body, program);
  const forks: number[] = [];
  for (let count = min; count < max && (max !== Number.POSITIVE_INFINITY || count === min); count++) {
    forks.push(program.push({ op: "split", ways: [] }) - 1);
    emit(body, program);
  }
  const [loop] = forks;
  if (max === Number.POSITIVE_INFINITY && loop !== undefined) program.push({ op: "split", ways: [loop] });
  for (const fork of forks) program[fork] = ordered(lazy, fork + 1, program.length);
}

/** @throws Error for what is not in the shared syntax, with the place */
export function programOf(pattern: string): readonly Instruction[] {
  const reading: Reading = { text: pattern, at: 0, groups: 0 };
  const body = alternatives(reading);
  if (reading.at < pattern.length) throw new Error("a ) has no (");
  const program: Instruction[] = [];
  emit({ kind: "group", slot: 0, body }, program);
  program.push({ op: "match" });
  return program;
}
