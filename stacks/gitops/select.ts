import { compare, parse, type SemVer } from "semver";
import type { TagPolicy } from "./channel.ts";
import { rangeProblem, satisfies } from "./range.ts";

export type Selection =
  | { readonly kind: "selected"; readonly tag: string }
  /** The reason in Flux's own words, as the ImagePolicy's condition has it. */
  | { readonly kind: "none"; readonly reason: string };

interface Candidate {
  readonly tag: string;
  readonly version: SemVer;
}

const none = (reason: string): Selection => ({ kind: "none", reason });

/** As Masterminds/semver reads it (version.go, coerceNewVersion): leading zeros do not count, a number left out is 0. */
const loose = /^v?0*(\d+)(?:\.0*(\d+))?(?:\.0*(\d+))?([-+]\S*)?$/;

/** Flux skips what it cannot parse, and wants two dots, wherever (fluxcd/pkg version/version.go, ParseVersion). */
function candidate(tag: string): readonly Candidate[] {
  const [, major, minor = "0", patch = "0", rest = ""] = loose.exec(tag) ?? [];
  const version = tag.split(".").length > 2 ? parse(`${major}.${minor}.${patch}${rest}`) : null;
  return version ? [{ tag, version }] : [];
}

/**
 * The tag that Flux's ImagePolicy selects (image-reflector-controller internal/policy): filter, semver range, strictly
 * greatest. Exact for numbers of up to 15 digits; every channel's filter leaves longer ones out.
 * @throws Error for a range that Flux might read otherwise
 */
export function selectTag({ pattern, range }: TagPolicy, tags: readonly string[]): Selection {
  const problem = rangeProblem(range);
  if (problem) throw new Error(`range ${JSON.stringify(range)}: ${problem}`);
  if (tags.length === 0) return none("no tags in database");
  const filter = new RegExp(pattern);
  const filtered = tags.filter((tag) => filter.test(tag));
  if (filtered.length === 0) return none("version list argument cannot be empty");
  // Descending, as Flux stores them: of two tags that are one version the first wins.
  const candidates = filtered.toSorted().toReversed().flatMap(candidate);
  const [first, ...rest] = candidates.filter(({ version }) => satisfies(version, range));
  if (!first) return none("unable to determine latest version from provided list");
  return { kind: "selected", tag: rest.reduce((a, b) => (compare(b.version, a.version) > 0 ? b : a), first).tag };
}
