import { z } from "zod";
import type { Problem } from "./error.ts";
import type { Source } from "./sources.ts";

// A parser made for each schema takes longer to make than it saves, up to a thousand apps.
z.config({ jitless: true });

type Issue = z.core.$ZodIssue;
type Path = readonly (string | number)[];

/** Edits that turn one key into the other (Levenshtein); only ever run on the handful of keys of one object. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      next.push(Math.min((row[j] ?? 0) + (letter === other ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** The known word that somebody probably meant, as the end of a sentence; empty when none is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = known
    .map((candidate) => ({ candidate, edits: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => edits <= Math.min(2, Math.floor(candidate.length / 2)))
    .toSorted((a, b) => a.edits - b.edits)[0];
  return near ? ` - did you mean ${near.candidate}?` : "";
}

function unwrapped(schema: unknown): unknown {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault ? unwrapped(schema.unwrap()) : schema;
}

function below(schema: unknown, key: string | number): unknown {
  const current = unwrapped(schema);
  if (current instanceof z.ZodObject) return current.shape[key];
  if (current instanceof z.ZodRecord) return current.valueType;
  return current instanceof z.ZodArray ? current.element : undefined;
}

/** The keys that the schema knows at a path, through optional parts, defaults, records and lists. */
function knownKeys(schema: z.ZodType, path: Path): readonly string[] {
  const found = unwrapped(path.reduce(below, schema as unknown));
  return found instanceof z.ZodObject ? Object.keys(found.shape) : [];
}

const articles: { readonly [type: string]: string } = {
  array: "a list",
  int: "a whole number",
  object: "a mapping",
  record: "a mapping",
};

const typed = (type: string): string => articles[type] ?? `a ${type}`;

function wrongType(expected: string, input: unknown): string {
  if (input === undefined || input === null) return `missing (${typed(expected)})`;
  return `must be ${typed(expected)}, not ${JSON.stringify(input)}`;
}

function messageOf(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return wrongType(issue.expected, issue.input);
    case "invalid_value":
      return issue.input === undefined
        ? `missing (${issue.values.join(", ")})`
        : `use one of ${issue.values.join(", ")}`;
    case "invalid_union":
      return issue.input === undefined ? `missing: ${issue.message}` : issue.message;
    case "too_small":
      return issue.origin === "array" ? issue.message : `must be at least ${issue.minimum}, not ${issue.input}`;
    case "too_big":
      return issue.origin === "array" ? issue.message : `must be at most ${issue.maximum}, not ${issue.input}`;
    case "invalid_key":
      return issue.issues[0]?.message ?? issue.message;
    default:
      return issue.message;
  }
}

function problemsOf(issue: Issue, schema: z.ZodType, file: string): readonly Problem[] {
  const path = issue.path.filter((key) => typeof key !== "symbol");
  if (issue.code !== "unrecognized_keys") return [{ file, path, message: messageOf(issue) }];
  const known = knownKeys(schema, path);
  return issue.keys.map((key) => ({ file, path: [...path, key], message: `unknown key${didYouMean(key, known)}` }));
}

/** What a source says if it is well formed, else every way in which it is not. */
export function parse<T extends z.ZodType>(
  schema: T,
  source: Source,
): { readonly value: z.output<T> | undefined; readonly problems: readonly Problem[] } {
  const result = schema.safeParse(source.values, { reportInput: true });
  if (result.success) return { value: result.data, problems: [] };
  return { value: undefined, problems: result.error.issues.flatMap((issue) => problemsOf(issue, schema, source.file)) };
}
