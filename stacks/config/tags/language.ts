/**
 * Regular languages over the characters of image tags, by derivatives (Brzozowski, JACM 11, 1964): with intersection and
 * complement at hand, whether two filters share a tag is a question with an answer, and an example.
 */

/** OCI distribution specification; in the order in which examples prefer them. */
const characters = [..."1023456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-_"];

export interface Language {
  /** The same language, made the same way, is the same object. */
  readonly id: number;
  readonly kind: "plain" | "either" | "both" | "not";
  readonly parts: readonly Language[];
  /** Whether the empty word is in it. */
  readonly empty: boolean;
  /** What may follow the character. */
  readonly after: (character: string) => Language;
}

type Shape = Pick<Language, "kind" | "parts" | "empty" | "after">;

const made = new Map<string, Language>();

function language(key: string, { after, ...shape }: Shape): Language {
  const known = made.get(key);
  if (known) return known;
  const followers = new Map<string, Language>();
  const remembered = (character: string): Language => {
    const follower = followers.get(character) ?? after(character);
    followers.set(character, follower);
    return follower;
  };
  const created = { ...shape, id: made.size, after: remembered };
  made.set(key, created);
  return created;
}

const plain = (key: string, empty: boolean, after: Language["after"]): Language =>
  language(key, { kind: "plain", parts: [], empty, after });

export const nothing: Language = plain("nothing", false, () => nothing);

export const emptyWord: Language = plain("", true, () => nothing);

/** All that ever told one character from another. */
const sets = new Set<string>();
let apart: readonly string[] | undefined;

/** The first of all characters that no set tells apart: what follows one of them follows the others. */
function representatives(): readonly string[] {
  if (apart) return apart;
  const kinds = new Map<string, string>();
  for (const character of characters) {
    const kind = Array.from(sets, (set) => Number(set.includes(character))).join("");
    if (!kinds.has(kind)) kinds.set(kind, character);
  }
  apart = [...kinds.values()];
  return apart;
}

/** One of the characters; those that no tag has are left out. */
export function oneOf(matches: (character: string) => boolean): Language {
  const own = characters.filter(matches).join("");
  if (!sets.has(own)) apart = undefined;
  sets.add(own);
  return own === ""
    ? nothing
    : plain(`[${own}]`, false, (character) => (own.includes(character) ? emptyWord : nothing));
}

export function not(inner: Language): Language {
  const [original] = inner.kind === "not" ? inner.parts : [];
  if (original) return original;
  const after = (character: string): Language => not(inner.after(character));
  return language(`!${inner.id}`, { kind: "not", parts: [inner], empty: !inner.empty, after });
}

const everything = not(nothing);

/** Each once, those of a part of the same kind among them, in one order. */
function distinct(kind: "either" | "both", parts: readonly Language[], neutral: Language): readonly Language[] {
  const found = new Set<Language>();
  for (const part of parts) {
    if (part.kind === kind) for (const inner of part.parts) found.add(inner);
    else if (part !== neutral) found.add(part);
  }
  return Array.from(found).sort((a, b) => a.id - b.id);
}

export function either(...written: readonly Language[]): Language {
  const parts = distinct("either", written, nothing);
  if (parts.length < 2) return parts[0] ?? nothing;
  if (parts.includes(everything)) return everything;
  const after = (character: string): Language => either(...parts.map((part) => part.after(character)));
  const key = parts.map(({ id }) => id).join("|");
  return language(key, { kind: "either", parts, empty: parts.some(({ empty }) => empty), after });
}

/** What may follow in all of them; once it is nothing in one, the others are not asked. */
function afterEach(parts: readonly Language[], character: string): readonly Language[] {
  const followers: Language[] = [];
  for (const part of parts) {
    const follower = part.after(character);
    if (follower === nothing) return [nothing];
    followers.push(follower);
  }
  return followers;
}

export function both(...written: readonly Language[]): Language {
  const parts = distinct("both", written, everything);
  if (parts.length < 2) return parts[0] ?? everything;
  if (parts.includes(nothing)) return nothing;
  const after = (character: string): Language => both(...afterEach(parts, character));
  const key = parts.map(({ id }) => id).join("&");
  return language(key, { kind: "both", parts, empty: parts.every(({ empty }) => empty), after });
}

/** Not `then`: an `await import()` of this module would take it for a promise and wait for ever. */
export function inOrder(first: Language, second: Language): Language {
  if (first === nothing || second === nothing) return nothing;
  if (first === emptyWord) return second;
  if (second === emptyWord) return first;
  return plain(`${first.id}.${second.id}`, first.empty && second.empty, (character) => {
    const inFirst = inOrder(first.after(character), second);
    return first.empty ? either(inFirst, second.after(character)) : inFirst;
  });
}

function anyNumberOf(inner: Language): Language {
  if (inner === nothing || inner === emptyWord) return emptyWord;
  return plain(`${inner.id}*`, true, (character) => inOrder(inner.after(character), anyNumberOf(inner)));
}

/** At least `min` and at most `max` times; no tag is long enough to tell more than 129 from more. */
export function repeated(inner: Language, min: number, max: number): Language {
  let tail = max > 128 ? anyNumberOf(inner) : emptyWord;
  for (let count = Math.min(min, 129); count < max && max <= 128; count++)
    tail = either(emptyWord, inOrder(inner, tail));
  for (let count = 0; count < Math.min(min, 129); count++) tail = inOrder(inner, tail);
  return tail;
}

export type Example =
  | { readonly kind: "tag"; readonly tag: string }
  | { readonly kind: "none" }
  /** More states than are worth a wait; only a filter made for it gets here. */
  | { readonly kind: "unknown" };

const mostStates = 20_000;

const following = (state: Language, word: string): readonly (readonly [Language, string])[] =>
  representatives()
    .map((character) => [state.after(character), word + character] as const)
    .filter(([follower, longer]) => follower !== nothing && longer.length <= 128);

/** A shortest word of at most 128 characters, which is what a tag may have. */
export function example(start: Language): Example {
  const found = new Map([[start, ""]]);
  for (const [state, word] of found) {
    if (state.empty) return { kind: "tag", tag: word };
    if (found.size > mostStates) return { kind: "unknown" };
    for (const [follower, longer] of following(state, word)) {
      if (!found.has(follower)) found.set(follower, longer);
    }
  }
  return { kind: "none" };
}
