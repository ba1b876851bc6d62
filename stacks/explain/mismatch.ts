import { matcherOf } from "../config/tags/regex/matcher.ts";

/** The parts of a regular expression, one after the other: a group, a class, an escape, a word, each with its repetition. */
const parts =
  /(?:\((?:\\.|[^()\\]|\((?:\\.|[^()\\])*\))*\)|\[(?:\\.|[^\]\\])*\]|\\.|[\w-](?![*+?{])[\w-]*(?![*+?{])|.)(?:[*+?]|\{[\d,]+\})?\??/g;

const fits = (pattern: string, tag: string): string | undefined => {
  try {
    return matcherOf(`^(?:${pattern})`)(tag)?.[0];
  } catch {
    return undefined;
  }
};

/** Where a tag leaves a filter, in words: `after "v1.9.32-" it wants "develop", and the tag has "stage.2"`. */
export function mismatch(pattern: string, tag: string): string {
  const all: readonly string[] = pattern.match(parts) ?? [];
  if (!pattern.startsWith("^") || all.includes("|")) return `the filter ${pattern} does not match`;
  const reached = all.map((_, count) => fits(all.slice(0, all.length - count).join(""), tag));
  const count = reached.findIndex((text) => text !== undefined);
  const matched = reached[count] ?? "";
  const wanted = count > 0 ? (all[all.length - count] ?? "$") : "$";
  const rest = tag.slice(matched.length);
  const expects = wanted === "$" ? "nothing more" : wanted.replace(/^\\([.-])$/, "$1");
  const where = matched === "" ? "at its beginning" : `after ${matched}`;
  return `the filter does not match: ${where} it wants ${expects}, the tag has ${rest === "" ? "nothing more" : rest}`;
}
