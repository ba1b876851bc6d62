import type { SemVer } from "semver";
import { keyOf, type TagPolicy } from "../config/tags/channel.ts";
import { rangeProblem, rangeTest } from "../config/tags/range.ts";
import { versionOf } from "../config/tags/version.ts";

export type Selection =
  | {
      readonly kind: "selected";
      readonly tag: string;
      /** Tags that Flux may as well select: behind a filter it meets equals in random order, and commits one and the other. */
      readonly ties?: readonly string[];
    }
  /** The reason in Flux's own words, as the ImagePolicy's condition has it. */
  | { readonly kind: "none"; readonly reason: string };

/** The best keys, first of all the one that Flux selects when it meets them in descending order. */
type Best = { readonly kind: "keys"; readonly keys: readonly string[] } | Extract<Selection, { kind: "none" }>;

type Reading = (text: string) => SemVer | null;

const none = (reason: string) => ({ kind: "none", reason }) as const;

/** As strconv.ParseFloat, but for hexadecimal floats; a number out of range is an error there and not a number here. */
function floatOf(key: string): number {
  const word = /^([+-]?)(?:inf(?:inity)?|(nan))$/i.exec(key);
  if (word) return word[2] ? Number.NaN : Number(`${word[1]}Infinity`);
  const decimal = /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$/i.test(key);
  return decimal && Number.isFinite(Number(key)) ? Number(key) : Number.NaN;
}

const isNumber = (key: string): boolean => !Number.isNaN(floatOf(key)) || /^nan$/i.test(key);

/** internal/policy/numerical.go: of equal numbers the last one met. */
function numerical(keys: readonly string[], order: "asc" | "desc"): Best {
  const wrong = keys.findLast((key) => !isNumber(key));
  if (wrong !== undefined) return none(`failed to parse invalid numeric value '${wrong}'`);
  const direction = order === "asc" ? 1 : -1;
  const latest = keys.reduce((best, key) => ((floatOf(key) - floatOf(best)) * direction < 0 ? best : key));
  const ties = keys.filter((key) => key !== latest && floatOf(key) === floatOf(latest));
  return { kind: "keys", keys: [latest, ...ties] };
}

const order = (version: SemVer, latest: SemVer | undefined): number => (latest ? version.compare(latest) : 1);

/** internal/policy/semver.go: skips what is no version; of equal versions the first one met. */
function semver(keys: readonly string[], range: string, read: Reading): Best {
  const isInRange = rangeTest(range);
  let latest: SemVer | undefined;
  let equal: string[] = [];
  for (const key of keys) {
    const version = read(key);
    // The range is asked last: of many versions few are the greatest so far.
    if (!version || order(version, latest) < 0 || !isInRange(version)) continue;
    if (order(version, latest) > 0) equal = [];
    equal.push(key);
    latest = version;
  }
  return latest ? { kind: "keys", keys: equal } : none("unable to determine latest version from provided list");
}

function best(policy: TagPolicy, keys: readonly string[], read: Reading): Best {
  if ("range" in policy) return semver(keys, policy.range, read);
  if (policy.kind === "numerical") return numerical(keys, policy.order);
  return { kind: "keys", keys: policy.order === "asc" ? keys.slice(0, 1) : keys.slice(-1) };
}

/** Descending by bytes, as Flux stores tags (image-reflector-controller internal/database). */
const descending = (texts: Iterable<string>): readonly string[] => [...texts].toSorted().toReversed();

/** Each text is read as a version once, however many policies ask. */
function reading(): Reading {
  const known = new Map<string, SemVer | null>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const version = versionOf(text);
    known.set(text, version);
    return version;
  };
}

/** What is compared, in descending order, each with its tag: of tags with one extract the last counts. */
function candidates(policy: TagPolicy, stored: readonly string[]): ReadonlyMap<string, string> {
  const key = keyOf(policy);
  const found = new Map<string, string>();
  for (const tag of stored) {
    const compared = key(tag);
    if (compared !== undefined) found.set(compared, tag);
  }
  if (!policy.extract) return found;
  return new Map(descending(found.keys()).map((compared) => [compared, found.get(compared) ?? ""]));
}

function assertReadable(policy: TagPolicy): void {
  if (!("range" in policy)) return;
  const problem = rangeProblem(policy.range);
  if (problem) throw new Error(`range ${JSON.stringify(policy.range)}: ${problem}`);
}

/**
 * What Flux's ImagePolicies select from an image's tags (image-reflector-controller internal/policy): filter, extract, then
 * the best by its order. Exact for numbers of up to 15 digits in a version; every channel's filter leaves longer ones out.
 * The result throws for a range that Flux might read otherwise.
 */
export function tagSelection(tags: readonly string[]): (policy: TagPolicy) => Selection {
  const stored = descending(new Set(tags));
  const read = reading();
  return (policy) => {
    assertReadable(policy);
    if (stored.length === 0) return none("no tags in database");
    const tagOf = candidates(policy, stored);
    if (tagOf.size === 0) return none("version list argument cannot be empty");
    const found = best(policy, [...tagOf.keys()], read);
    if (found.kind === "none") return found;
    const [tag = "", ...ties] = found.keys.map((key) => tagOf.get(key) ?? "");
    return { kind: "selected", tag, ...(ties.length > 0 ? { ties } : {}) };
  };
}

/** The tag that one policy selects. @throws Error for a range that Flux might read otherwise */
export const selectTag = (policy: TagPolicy, tags: readonly string[]): Selection => tagSelection(tags)(policy);
