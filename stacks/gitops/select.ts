import { compare, type SemVer } from "semver";
import { keyOf, type TagPolicy } from "../config/channel.ts";
import { rangeProblem, satisfies } from "../config/range.ts";
import { versionOf } from "../config/version.ts";

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

interface Candidate {
  readonly key: string;
  readonly version: SemVer;
}

/** internal/policy/semver.go: skips what is no version; of equal versions the first one met. */
function semver(keys: readonly string[], range: string): Best {
  const candidates = keys.flatMap((key): readonly Candidate[] => {
    const version = versionOf(key);
    return version && satisfies(version, range) ? [{ key, version }] : [];
  });
  const [first, ...rest] = candidates;
  if (!first) return none("unable to determine latest version from provided list");
  const latest = rest.reduce((a, b) => (compare(b.version, a.version) > 0 ? b : a), first);
  return {
    kind: "keys",
    keys: candidates.filter(({ version }) => compare(version, latest.version) === 0).map(({ key }) => key),
  };
}

function best(policy: TagPolicy, keys: readonly string[]): Best {
  if ("range" in policy) return semver(keys, policy.range);
  if (policy.kind === "numerical") return numerical(keys, policy.order);
  return { kind: "keys", keys: policy.order === "asc" ? keys.slice(0, 1) : keys.slice(-1) };
}

/** Descending by bytes, as Flux stores tags (image-reflector-controller internal/database). */
const descending = (texts: Iterable<string>): readonly string[] => [...texts].toSorted().toReversed();

/**
 * The tag that Flux's ImagePolicy selects (image-reflector-controller internal/policy): filter, extract, then the best by
 * its order. Of tags with one extract the last in descending order counts. Exact for numbers of up to 15 digits in a
 * version; every channel's filter leaves longer ones out.
 * @throws Error for a range that Flux might read otherwise
 */
export function selectTag(policy: TagPolicy, tags: readonly string[]): Selection {
  const problem = "range" in policy ? rangeProblem(policy.range) : undefined;
  if (problem && "range" in policy) throw new Error(`range ${JSON.stringify(policy.range)}: ${problem}`);
  if (tags.length === 0) return none("no tags in database");
  const key = keyOf(policy);
  const filtered = tags.filter((tag) => key(tag) !== undefined);
  const tagOf = new Map(descending(filtered).map((tag) => [key(tag) ?? "", tag]));
  if (tagOf.size === 0) return none("version list argument cannot be empty");
  const found = best(policy, descending(tagOf.keys()));
  if (found.kind === "none") return found;
  const [tag = "", ...ties] = found.keys.map((key) => tagOf.get(key) ?? "");
  return { kind: "selected", tag, ...(ties.length > 0 ? { ties } : {}) };
}
