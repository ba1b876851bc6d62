import compare from "semver/functions/compare.js";
import { both, emptyWord, example, inOrder, type Language, not, nothing, oneOf } from "../tags/language.ts";
import { languageOf, type Pattern, readPattern } from "../tags/pattern.ts";
import { rangeProblem } from "../tags/range.ts";
import { anyVersion, rangeLanguage } from "../tags/range-language.ts";

/** A channel's long form as it was written. */
interface Keys {
  readonly stable?: true | undefined;
  readonly prerelease?: string | undefined;
  readonly floor?: string | undefined;
  readonly ceiling?: string | undefined;
  readonly pattern?: string | undefined;
  readonly extract?: string | undefined;
  readonly semver?: string | undefined;
  readonly numerical?: string | undefined;
  readonly alphabetical?: string | undefined;
}

interface ChannelProblem {
  /** Where; the channel itself, if not given. */
  readonly key?: keyof Keys;
  readonly message: string;
}

const orders = ["semver", "numerical", "alphabetical"] as const;

const given = (keys: Keys, names: readonly (keyof Keys)[]): readonly (keyof Keys)[] =>
  names.filter((name) => keys[name] !== undefined);

/** Keys that do not belong together; the rest is looked at only when they do. */
function shapeProblems(keys: Keys): readonly ChannelProblem[] {
  const [kind, ...more] = given(keys, ["stable", "prerelease", "pattern"]);
  if (!kind || more.length > 0) return [{ message: "give one of stable: true, prerelease and pattern" }];
  if (kind === "pattern" && given(keys, orders).length !== 1)
    return [{ message: "a pattern goes with one of semver, numerical and alphabetical" }];
  const foreign = given(keys, kind === "pattern" ? ["floor", "ceiling"] : ["extract", ...orders]);
  const way = kind === "pattern" ? "write the bounds in semver" : "it needs a pattern";
  return foreign.map((key) => ({ key, message: `does not go with ${kind}; ${way}` }));
}

function fenceProblems({ floor = "0.0.0", ceiling }: Keys): readonly ChannelProblem[] {
  if (!ceiling || compare(floor, ceiling) < 0) return [];
  return [{ key: "ceiling", message: `${ceiling} is not above the floor ${floor}, so no tag would ever be taken` }];
}

/** As Flux expands it; a $ without braces takes letters that follow (Go's regexp, Expand). */
const part = /\$\{([1-9][0-9]*)\}|([A-Za-z0-9_.-])/y;

/** What is compared: the extract's text and groups in a row, of which no more is known than each one's own language. */
function keysOf(extract: string, { groups }: Pattern): Language | { readonly problem: string } {
  let keys = emptyWord;
  for (part.lastIndex = 0; part.lastIndex < extract.length; ) {
    const at = part.lastIndex;
    const [whole, number, letter] = part.exec(extract) ?? [];
    if (!whole)
      return { problem: `${extract.slice(at)}: write a group as \${1}, and else letters that a tag may have` };
    const group = groups[Number(number) - 1];
    if (number && !group) return { problem: `\${${number}}: the pattern has ${groups.length} groups, (…) each` };
    if (group?.repeats)
      return { problem: `\${${number}} is repeated: RE2 keeps its last match and JavaScript may not` };
    keys = inOrder(keys, group?.language ?? oneOf((character) => character === letter));
  }
  return keys;
}

function rangeOf(semver: string): string | undefined {
  const problem = rangeProblem(semver);
  if (problem) return problem;
  const word = semver.split(/[ |]+/).find((each) => each.includes("-") && !each.endsWith("-0"));
  if (word)
    return `${word}: a prerelease in a range admits those of every channel; write -0, and tell channels apart by pattern`;
  const bare = semver.split("||").find(
    (group) =>
      group.includes("-0") &&
      group
        .trim()
        .split(" ")
        .some((each) => !each.endsWith("-0")),
  );
  return bare && `${bare.trim()}: write -0 on every comparator or on none; Flux before 2.7 reads it otherwise`;
}

const refusals: readonly (readonly [RegExp | string, string])[] = [
  [
    "v?([0-9]+\\.){0,2}[0-9]{16,}([.-].*)?|.*[.-][0-9]{16,}(\\..*)?",
    "has more digits than are read alike; use (0|[1-9][0-9]{0,14}) for a number",
  ],
  [
    "v?([0-9]+\\.){0,2}0[0-9].*",
    "is another spelling of a version without the zero, and Flux takes one of the two at random; use (0|[1-9][0-9]{0,14})",
  ],
];

function semverProblems(semver: string, keys: Language): readonly ChannelProblem[] {
  const problem = rangeOf(semver);
  if (problem) return [{ key: "semver", message: problem }];
  if (example(both(keys, rangeLanguage(semver))).kind === "none")
    return [
      { key: "semver", message: `no tag of the pattern is a version in ${semver}, so nothing would ever be taken` },
    ];
  const versions = both(keys, anyVersion());
  const wrong = refusals.flatMap(([pattern, why]) => {
    const found = example(both(versions, languageOf(String(pattern))));
    return found.kind === "tag" ? [{ key: "pattern" as const, message: `${found.tag} matches: it ${why}` }] : [];
  });
  const spellings = [languageOf("v.*"), languageOf("[0-9].*")].map((each) => example(both(versions, each)));
  const [prefixed, bare] = spellings;
  if (prefixed?.kind !== "tag" || bare?.kind !== "tag") return wrong;
  const message = `takes versions with v (${prefixed.tag}) and without (${bare.tag}), of which Flux takes one at random`;
  return [...wrong, { key: "pattern", message }];
}

/** One key that is no number fails the whole policy (strconv.ParseFloat), and from 2^53 on floats are not exact. */
function numericalProblems(keys: Language): readonly ChannelProblem[] {
  const found = example(both(keys, not(languageOf("[0-9]{1,15}"))));
  if (found.kind === "none") return [];
  const shown = found.kind === "tag" ? JSON.stringify(found.tag) : "something";
  return [
    {
      key: "pattern",
      message: `${shown} would be compared, which is no number of 1 to 15 digits: one stops the policy`,
    },
  ];
}

function patternProblems(keys: Keys): readonly ChannelProblem[] {
  const read = readPattern(keys.pattern ?? "");
  if ("problem" in read) return [{ key: "pattern", message: read.problem }];
  if (!read.anchored)
    return [{ key: "pattern", message: "write ^…$: Flux looks for a match anywhere, and lets other tags in" }];
  if (read.language === nothing)
    return [{ key: "pattern", message: "no tag matches: tags have letters, digits, _, . and - only" }];
  const compared = keys.extract === undefined ? read.language : keysOf(keys.extract, read);
  if ("problem" in compared) return [{ key: "extract", message: compared.problem }];
  if (keys.semver !== undefined) return semverProblems(keys.semver, compared);
  return keys.numerical ? numericalProblems(compared) : [];
}

/** Everything wrong with one channel by itself. */
export function channelProblems(keys: Keys): readonly ChannelProblem[] {
  const shape = shapeProblems(keys);
  if (shape.length > 0) return shape;
  return keys.pattern === undefined ? fenceProblems(keys) : patternProblems(keys);
}
