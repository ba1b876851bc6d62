import { both, either, emptyWord, inOrder, type Language, nothing, oneOf, repeated } from "./language.ts";

/**
 * Regular expressions in the part of the syntax that Flux (RE2) and JavaScript read alike. Everything else is refused by
 * name: what only one of them knows, and what both know and read differently.
 */
export interface Pattern {
  /** What a tag may be; for a part without anchors the part itself. */
  readonly language: Language;
  readonly anchored: boolean;
  /** By number, from 1. In a repetition RE2 keeps a group's last match, and JavaScript forgets it with every turn. */
  readonly groups: readonly { readonly language: Language; readonly repeats: boolean }[];
}

class Refusal extends Error {}

/** Beginnings of what is refused, with the reason; the first that fits is told. */
const refusals: readonly (readonly [RegExp, string])[] = [
  [/^\(\?<?[=!]/, "RE2 has no look-around"],
  [/^\(\?P</, "JavaScript has no (?P<name>…): write (…) and count"],
  [/^\(\?</, "an extract counts groups: write (…)"],
  [/^\(\?(?!:)[^:)]*[:)]?/, "JavaScript and RE2 have different flags: spell the letters out"],
  [/^\\[1-9k]/, "RE2 has no back-references"],
  [/^\\[pP]/, "RE2 and JavaScript have different classes of Unicode, and a tag has ASCII only"],
  [/^\\[AzZQEC]/, "only RE2 knows it: use ^ and $, and \\ before a single character"],
  [/^\\[sS]/, "RE2 and JavaScript disagree on what is a space, and no tag has one"],
  [/^\\[bB]/, "a filter is anchored and needs no word boundary"],
  [/^\\[^.dDwW-]/, "only \\. \\- \\d \\D \\w \\W are read alike and of use"],
  [/^\[\^?\]/, "an empty class is an error for RE2"],
  [/^\[[^\]]*\[/, "a [ inside a class is a class of its own for RE2: no tag has one"],
  [/^[*+?{]/, "there is nothing here to repeat: RE2 and JavaScript take two repetitions in a row differently"],
  [/^[\^$]/, "an anchor stands at the very beginning or end"],
  [/^[^A-Za-z0-9_.[(\\-]/, "no tag has this character: tags have letters, digits, '_', '.' and '-'"],
];

const word = /[A-Za-z0-9_]/;
const classes: { readonly [sign: string]: (character: string) => boolean } = {
  d: (character) => /[0-9]/.test(character),
  D: (character) => !/[0-9]/.test(character),
  w: (character) => word.test(character),
  W: (character) => !word.test(character),
};

const escaped = (character: string) => classes[character] ?? ((other: string) => other === character);

/** Of a class: a range, an escape, or one character. */
const member = /\\([.dDwW-])|([A-Za-z0-9_.-])-([A-Za-z0-9_.-])|([A-Za-z0-9_.-])/y;

function membersOf(body: string): readonly ((character: string) => boolean)[] {
  const found: ((character: string) => boolean)[] = [];
  for (member.lastIndex = 0; member.lastIndex < body.length; ) {
    const at = member.lastIndex;
    const [, sign, from, to, single] = member.exec(body) ?? [];
    if (sign) found.push(escaped(sign));
    else if (from && to && from <= to) found.push((other) => from <= other && other <= to);
    else if (single) found.push((other) => other === single);
    else throw new Refusal(`${body.slice(at)} in a class is not read alike, or stands for no character of a tag`);
  }
  return found;
}

/** A group of which only a part counts, by number. */
export interface Narrowing {
  readonly group: number;
  readonly to: Language;
}

interface Reading {
  readonly text: string;
  at: number;
  /** How often the innermost part may be repeated, all around it multiplied. */
  times: number;
  readonly groups: { language: Language; repeats: boolean }[];
  readonly narrowing: Narrowing | undefined;
}

function take(reading: Reading, expression: RegExp): RegExpExecArray | undefined {
  const match = expression.exec(reading.text.slice(reading.at)) ?? undefined;
  reading.at += match?.[0].length ?? 0;
  return match;
}

function refuse({ text, at }: Reading): never {
  const rest = text.slice(at);
  const [expression, reason] = refusals.find(([each]) => each.test(rest)) ?? [/^.*/s, "this is not read alike"];
  throw new Refusal(`${expression.exec(rest)?.[0] || rest}: ${reason}`);
}

function group(reading: Reading, captures: boolean): Language {
  const slot = { language: emptyWord, repeats: false };
  if (captures) reading.groups.push(slot);
  const number = captures ? reading.groups.length : 0;
  const language = alternatives(reading);
  if (!take(reading, /^\)/)) throw new Refusal("a ( has no ): close the group");
  slot.language = language;
  return reading.narrowing?.group === number ? both(language, reading.narrowing.to) : language;
}

function atom(reading: Reading): Language {
  const { at } = reading;
  const capturing = take(reading, /^\((\?:)?(?!\?)/);
  if (capturing) return group(reading, !capturing[1]);
  const [, negated, body] = take(reading, /^\[(\^?)((?:[^\][\\]|\\.)+)\]/) ?? [];
  if (body) {
    const members = membersOf(body);
    return oneOf((character) => members.some((matches) => matches(character)) !== (negated === "^"));
  }
  const [, sign] = take(reading, /^\\([.dDwW-])/) ?? [];
  if (sign) return oneOf(escaped(sign));
  if (take(reading, /^\./)) return oneOf(() => true);
  const [literal] = take(reading, /^[A-Za-z0-9_-]/) ?? [];
  return literal ? oneOf((other) => other === literal) : refuse({ ...reading, at });
}

const bounds: { readonly [sign: string]: readonly [number, number] } = {
  "*": [0, Number.POSITIVE_INFINITY],
  "+": [1, Number.POSITIVE_INFINITY],
  "?": [0, 1],
};

function repetition(reading: Reading): readonly [number, number] | undefined {
  const [, sign = "", least, comma, most] = take(reading, /^(?:([*+?])|\{([0-9]+)(,([0-9]+)?)?\})\??/) ?? [];
  if (least === undefined) return bounds[sign];
  const min = Number(least);
  const max = comma ? Number(most ?? Number.POSITIVE_INFINITY) : min;
  if (min > 1000 || (max > 1000 && most)) throw new Refusal(`{${least}${comma ?? ""}}: RE2 repeats at most 1000 times`);
  if (max < min) throw new Refusal(`{${least}${comma ?? ""}}: write the smaller number first`);
  return [min, max];
}

function piece(reading: Reading): Language {
  const before = reading.groups.length;
  const { times } = reading;
  reading.times = 1;
  const language = atom(reading);
  const [min, max] = repetition(reading) ?? [1, 1];
  reading.times *= Math.max(1, Number.isFinite(max) ? max : min);
  if (reading.times > 1000) throw new Refusal("RE2 repeats at most 1000 times, nested repetitions multiplied");
  reading.times = Math.max(times, reading.times);
  if (max > 1) for (const each of reading.groups.slice(before)) each.repeats = true;
  return min === 1 && max === 1 ? language : repeated(language, min, max);
}

function sequence(reading: Reading): Language {
  const pieces: Language[] = [];
  while (reading.at < reading.text.length && !/^[|)]/.test(reading.text.slice(reading.at))) pieces.push(piece(reading));
  return pieces.reduceRight((rest, first) => inOrder(first, rest), emptyWord);
}

function alternatives(reading: Reading): Language {
  const all = [sequence(reading)];
  while (take(reading, /^\|/)) all.push(sequence(reading));
  return either(...all);
}

/** What a regular expression means, narrowed to the tags whose group is in a language; or `problem`: the construct that is refused, and why. */
export function readPattern(written: string, narrowing?: Narrowing): Pattern | { readonly problem: string } {
  const anchored = /^\^.*[^\\]\$$/s.test(written);
  const reading: Reading = { text: anchored ? written.slice(1, -1) : written, at: 0, times: 1, groups: [], narrowing };
  try {
    const language = alternatives(reading);
    if (reading.at < reading.text.length) return { problem: "a ) has no (: remove it, a tag has none" };
    const topLevel = anchored && hasTopLevelAlternatives(reading.text);
    return topLevel
      ? { problem: "| beside ^ or $ leaves one side open: write ^(…|…)$" }
      : { language, anchored, groups: reading.groups };
  } catch (error) {
    if (error instanceof Refusal) return { problem: error.message };
    throw error;
  }
}

function hasTopLevelAlternatives(text: string): boolean {
  let depth = 0;
  return [...text.replace(/\[[^\]]*\]|\\./g, "")].some((character) => {
    depth += character === "(" ? 1 : character === ")" ? -1 : 0;
    return character === "|" && depth === 0;
  });
}

/** What a pattern means; nothing at all for one that is refused. */
export function languageOf(pattern: string, narrowing?: Narrowing): Language {
  const read = readPattern(pattern, narrowing);
  return "problem" in read ? nothing : read.language;
}
