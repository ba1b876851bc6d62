import type { SemVer } from "semver";
// One by one: the package's index loads four times as many files, in each run of the program.
import Range from "semver/classes/range.js";
import compare from "semver/functions/compare.js";
import minVersion from "semver/ranges/min-version.js";

const number = "(0|[1-9][0-9]{0,14})";
const identifier = `(${number}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)`;
const comparator = new RegExp(`^(>=|<=|>|<|=|\\^|~)?${number}(\\.${number}){2}(-${identifier}(\\.${identifier})*)?$`);

const groups = (range: string): readonly string[] => range.split("||").map((group) => group.trim());

function comparatorProblem(text: string): string | undefined {
  if (text.startsWith("~0.0.0"))
    return `${text} is everything for Flux and nothing but 0.0.x for npm: write the bounds`;
  if (!comparator.test(text) || text.length > 128)
    return `${JSON.stringify(text)} is no comparator such as >=1.0.0, ^1.0.0-0 or <2.0.0-0`;
  return undefined;
}

/**
 * Why a range is not one that Flux (Masterminds/semver, 512 bytes and 32 groups at most) and npm's semver read alike;
 * `undefined` for a good one. Full versions only, alternatives by ||, comparators by one space.
 */
export function rangeProblem(range: string): string | undefined {
  const alternatives = groups(range);
  if (range.length > 512 || alternatives.length > 32) return "a range has at most 512 characters and 32 alternatives";
  return alternatives.flatMap((group) => group.split(" ").map(comparatorProblem)).find((problem) => problem);
}

/**
 * As Masterminds does it since 3.4.0: one prerelease in a group admits prereleases of every version in that group. npm's
 * own default admits them for the same x.y.z only. Proved equal for ranges without a `rangeProblem`.
 */
export function rangeTest(range: string): (version: SemVer) => boolean {
  const alternatives = groups(range).map((group) => new Range(group, { includePrerelease: group.includes("-") }));
  return (version) => alternatives.some((each) => each.test(version));
}

export const satisfies = (version: SemVer, range: string): boolean => rangeTest(range)(version);

/** A version that none in the range is below. */
export function lowestOf(range: string): SemVer | string {
  const [lowest] = groups(range)
    .flatMap((group) => minVersion(group) ?? [])
    .toSorted(compare);
  return lowest ?? "0.0.0-0";
}
