import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tagPolicy } from "../stacks/config/tags/channel.ts";
import { rangeProblem } from "../stacks/config/tags/range.ts";
import { selectTag } from "../stacks/gitops/select.ts";
import { noVersions } from "./no-versions.ts";

/** Results of the real image-reflector-controller and Masterminds/semver 3.5.0, as reference runs recorded them. */
const any = "";
const selected = (range: string, tags: readonly string[], pattern = any) => {
  const selection = selectTag({ pattern, range }, tags);
  return selection.kind === "selected" ? selection.tag : undefined;
};

const registry = [
  "v1.9.31",
  "v1.9.32-stage.1",
  "v1.9.32-stage.2",
  "v1.9.32-develop.2",
  "v1.9.32-develop.9",
  "v1.9.32-develop.10",
  "latest",
];

describe("each channel takes its own newest tag", () => {
  it.each([
    ["stable", { kind: "stable" }, "v1.9.31"],
    ["stage", { kind: "prerelease", id: "stage" }, "v1.9.32-stage.2"],
    ["develop", { kind: "prerelease", id: "develop" }, "v1.9.32-develop.10"],
  ] as const)("%s", (_, channel, tag) => {
    expect(selectTag(tagPolicy(channel), registry)).toEqual({ kind: "selected", tag });
  });

  it("develop stays below a release until its next tag", () => {
    const develop = tagPolicy({ kind: "prerelease", id: "develop" });
    expect(selectTag(develop, [...registry, "v1.9.32"])).toMatchObject({ tag: "v1.9.32-develop.10" });
    expect(selectTag(develop, [...registry, "v1.9.32", "v1.9.33-develop.1"])).toMatchObject({
      tag: "v1.9.33-develop.1",
    });
  });
});

describe("what the seed article would have got", () => {
  const fourNumbers = "^v[0-9]+\\.[0-9]+\\.[0-9]+\\.[0-9]+$";

  it("its filter wants four numbers, so it matches none of its own tags", () => {
    expect(selectTag({ pattern: fourNumbers, range: ">=1.0.0" }, registry)).toEqual({
      kind: "none",
      reason: "version list argument cannot be empty",
    });
  });

  it("a tag that its filter matches is no version", () => {
    expect(selectTag({ pattern: fourNumbers, range: ">=1.0.0" }, ["v1.9.31.4"])).toEqual({
      kind: "none",
      reason: "unable to determine latest version from provided list",
    });
  });

  it("without a filter stage deploys develop", () => {
    expect(selected(">=1.0.0-stage", registry)).toBe("v1.9.32-stage.2");
    expect(selected(">=1.0.0-stage", [...registry, "v1.9.33-develop.1"])).toBe("v1.9.33-develop.1");
  });

  it("without a filter dev gets the tags of stage", () => {
    expect(selected(">=1.0.0-dev", registry)).toBe("v1.9.32-stage.2");
  });
});

describe("prereleases count when a comparator of their group has one, for every version", () => {
  it.each([
    [">=1.0.0-0", "v1.9.32-develop.2", true],
    [">=1.0.0-0", "v2.0.0-develop.1", true],
    [">=1.0.0-0", "v1.9.31", true],
    [">=1.0.0", "v1.9.32-develop.2", false],
    ["^1.9.32-develop.2", "v1.9.33-develop.1", true],
    [">=1.0.0-0 <2.0.0", "v1.9.32-develop.2", true],
    [">=1.0.0-0 <2.0.0", "v2.0.0-develop.1", true],
    [">=1.0.0-0 <2.0.0-0", "v2.0.0-develop.1", false],
    ["^1.0.0-0", "v2.0.0-develop.1", false],
    ["^1.0.0-0", "v1.9.32-develop.2", true],
    ["<1.0.0 || >=1.0.0-0", "v0.9.0-develop.1", false],
    [">=1.9.32-dev", "v1.9.32-alpha", false],
    [">=1.9.32-dev", "v1.9.32-develop.1", true],
  ])("%s on %s: %s", (range, tag, matches) => {
    expect(selected(range, [tag]) === tag).toBe(matches);
  });
});

describe("the greatest is SemVer's", () => {
  it.each([
    ["a number among identifiers counts as a number", "v1.0.0-develop.9", "v1.0.0-develop.10"],
    ["a number inside a word does not", "v1.0.0-develop10", "v1.0.0-develop9"],
    ["nor behind a hyphen", "v1.0.0-develop-10", "v1.0.0-develop-9"],
    ["upper case is below lower case", "v1.0.0-Develop", "v1.0.0-develop"],
    ["dev is below develop", "v1.0.0-dev", "v1.0.0-develop"],
    ["develop is below rc", "v1.0.0-develop", "v1.0.0-rc"],
    ["rc is below stage", "v1.0.0-rc", "v1.0.0-stage"],
    ["a number is below a word", "v1.0.0-1", "v1.0.0-a"],
    ["fewer identifiers are below more", "v1.0.0-a", "v1.0.0-a.1"],
    ["a prerelease is below its release", "v1.0.0-stage.9", "v1.0.0"],
  ])("%s", (_, lower, higher) => {
    expect(selected(">=0.0.0-0", [lower, higher])).toBe(higher);
    expect(selected(">=0.0.0-0", [higher, lower])).toBe(higher);
  });

  it("does not depend on the order of the tags, and is one of them", () => {
    const tag = fc
      .tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.constantFrom("", "-develop.1", "-stage.2"))
      .map(([major, minor, patch, suffix]) => `v${major}.${minor}.${patch}${suffix}`);
    const shuffled = fc
      .array(tag, { minLength: 1 })
      .chain((tags) => fc.tuple(fc.constant(tags), fc.shuffledSubarray(tags, { minLength: tags.length })));
    fc.assert(
      fc.property(shuffled, ([tags, other]) => {
        const winner = selected(">=0.0.0-0", tags);
        expect(tags).toContain(winner);
        expect(selected(">=0.0.0-0", other)).toBe(winner);
      }),
    );
  });
});

describe("what is no version is skipped", () => {
  it.each(noVersions)("%s", (tag) => {
    expect(selected(">=0.0.0-0", [tag])).toBeUndefined();
    expect(selected(">=0.0.0-0", [tag, "v0.1.0"])).toBe("v0.1.0");
  });

  it("says that a registry has no tags at all", () => {
    expect(selectTag({ pattern: any, range: ">=0.0.0" }, [])).toEqual({ kind: "none", reason: "no tags in database" });
  });
});

describe("build numbers and names", () => {
  const build = { pattern: "^main-[a-f0-9]+-([0-9]{1,15})$", extract: `$\{1}` };
  const builds = ["main-a-9", "main-b-10", "dev-c-11", "latest"];

  it.each([
    ["the greatest number", { ...build, kind: "numerical", order: "asc" }, builds, "main-b-10"],
    ["the least number", { ...build, kind: "numerical", order: "desc" }, builds, "main-a-9"],
    ["the last name by bytes", { ...build, kind: "alphabetical", order: "asc" }, builds, "main-a-9"],
    ["the first name by bytes", { ...build, kind: "alphabetical", order: "desc" }, builds, "main-b-10"],
    [
      "of two tags with one extract the last as stored",
      { ...build, kind: "numerical", order: "asc" },
      ["main-b-9", "main-a-9"],
      "main-a-9",
    ],
  ] as const)("%s (rule 8)", (...[, policy, tags, tag]) => {
    expect(selectTag(policy, tags)).toEqual({ kind: "selected", tag });
  });

  it("one key that is no number fails the policy", () => {
    const policy = { pattern: "^main", kind: "numerical", order: "asc" } as const;
    expect(selectTag(policy, builds)).toEqual({
      kind: "none",
      reason: "failed to parse invalid numeric value 'main-a-9'",
    });
  });

  it("that are equal are told, because Flux takes either", () => {
    const policy = { pattern: "^[0-9]+$", kind: "numerical", order: "asc" } as const;
    expect(selectTag(policy, ["1", "07", "7"])).toEqual({ kind: "selected", tag: "07", ties: ["7"] });
    expect(selectTag({ pattern: any, range: ">=0.0.0" }, ["1.0.0", "v1.0.0"])).toMatchObject({ ties: ["1.0.0"] });
  });
});

describe("a range is one that both libraries read alike (rule 6)", () => {
  it.each([">=1.0.0", "1.9.31", "=1.9.31", "^1.0.0-0", "~1.9.0", ">=1.0.0-0 <2.0.0-0", "<1.0.0 || >=2.0.0-rc.1"])(
    "%s is",
    (range) => {
      expect(rangeProblem(range)).toBeUndefined();
    },
  );

  it.each([
    [""],
    ["latest"],
    ["1.x-0"],
    ["*"],
    [">=1.9"],
    ["!=1.9.31"],
    ["=>1.0.0"],
    [">=1.0.0, <2.0.0"],
    [">=1.0.0<2.0.0"],
    ["1.0.0 - 2.0.0"],
    [">= 1.0.0"],
    ["~0.0.0"],
    ["~0.0.0-0"],
    [">=01.0.0"],
    [">=1.0.0-01"],
    [">=1.0.0 ||"],
    [`${">=1.0.0 ".repeat(70)}>=1.0.0`],
    [Array.from({ length: 33 }, (_, major) => `${major}.0.0`).join("||")],
  ])("%s is not", (range) => {
    expect(rangeProblem(range)).toBeTypeOf("string");
    expect(() => selectTag({ pattern: any, range }, ["v1.0.0"])).toThrow(/^range /);
  });
});
