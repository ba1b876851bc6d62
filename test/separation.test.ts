import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Channel } from "../stacks/config/fleet.ts";
import { resolve } from "../stacks/config/resolve.ts";
import { accepts, sharedTag, tagsOf } from "../stacks/config/tags/channel.ts";
import { both, example, type Language } from "../stacks/config/tags/language.ts";
import { declaredOverlaps } from "../stacks/config/tags/overlaps.ts";
import { languageOf, readPattern } from "../stacks/config/tags/pattern.ts";
import { satisfies } from "../stacks/config/tags/range.ts";
import { anyVersion, rangeLanguage } from "../stacks/config/tags/range-language.ts";
import { versionOf } from "../stacks/config/tags/version.ts";
import { objectsOf, treeOf } from "./fleets.ts";
import { pattern, text } from "./patterns.ts";
import { type Edits, seedSources } from "./sources.ts";

const contains = (language: Language, text: string): boolean =>
  [...text].reduce((state, character) => state.after(character), language).empty;

describe("a pattern's language", () => {
  it("has exactly the tags that the regular expression matches", () => {
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 5, maxLength: 5 }), (written, texts) => {
        const read = readPattern(`^${written}$`);
        fc.pre(!("problem" in read));
        for (const each of texts) expect(contains(read.language, each)).toBe(new RegExp(`^(?:${written})$`).test(each));
      }),
      { numRuns: 500 },
    );
  });

  it("shares an example with another one, or there is none", () => {
    fc.assert(
      fc.property(pattern, pattern, text, (one, other, any) => {
        const [a, b] = [one, other].map((each) => new RegExp(`^(?:${each})$`));
        const shared = example(both(languageOf(one), languageOf(other)));
        const inBoth = (tag: string) => a?.test(tag) && b?.test(tag);
        if (shared.kind === "tag") expect(inBoth(shared.tag)).toBe(true);
        else expect(inBoth(any)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it("gives up on a pattern made to be too large", () => {
    expect(example(both(languageOf("(a|b)*a(a|b){20}"), languageOf("[ab]*1"))).kind).not.toBe("tag");
    expect(example(both(languageOf("(a|b)*a(a|b){20}1"), languageOf("(a|b)*b(a|b){20}1"))).kind).toBe("unknown");
  });
});

describe("a range's language has exactly the versions in the range (rule 6)", () => {
  const number = fc.constantFrom("0", "1", "2", "9", "10", "19", "20", "100", "01");
  const suffix = fc.constantFrom("", "", "-0", "-1", "-develop.1", "-a", "-0.1", "-01", "-a..b", "-a_b");
  const tag = fc
    .tuple(fc.constantFrom("v", "", "V", "="), fc.array(number, { minLength: 1, maxLength: 4 }), suffix)
    .map(([v, numbers, rest]) => `${v}${numbers.join(".")}${rest}`);
  const bound = fc.constantFrom("0.0.0", "0.0.2", "0.1.2", "1.0.0", "1.9.19", "10.0.1", "2.10.100");
  const operator = fc.constantFrom(">=", ">", "<", "<=", "=", "", "^");
  const group = fc
    .tuple(fc.array(fc.tuple(operator, bound), { minLength: 1, maxLength: 2 }), fc.constantFrom("", "-0"))
    .map(([comparators, lowest]) => comparators.map(([sign, version]) => `${sign}${version}${lowest}`).join(" "));
  const range = fc.array(group, { minLength: 1, maxLength: 2 }).map((groups) => groups.join(" || "));

  it("for any of them", () => {
    fc.assert(
      fc.property(range, fc.array(tag, { minLength: 20, maxLength: 20 }), (written, tags) => {
        for (const each of tags) {
          const version = versionOf(each);
          expect(contains(anyVersion(), each), each).toBe(version !== null);
          expect(contains(rangeLanguage(written), each), `${each} in ${written}`).toBe(
            version !== null && satisfies(version, written),
          );
        }
      }),
      { numRuns: 200 },
    );
  });
});

const n = "(0|[1-9][0-9]{0,14})";
const everything: Channel = { kind: "semver", pattern: `^v${n}\\.${n}\\.${n}(-develop\\.${n})?$`, range: ">=0.0.0-0" };

describe("two channels (rule 4)", () => {
  const develop: Channel = { kind: "prerelease", id: "develop" };
  it.each<readonly [string, Channel, Channel, string | undefined]>([
    ["of two words are apart", develop, { kind: "prerelease", id: "dev" }, undefined],
    ["stable and prerelease are apart", develop, { kind: "stable" }, undefined],
    ["that follow stable are not", everything, { kind: "stable" }, "v1.1.1"],
    ["fenced on one side are not", { kind: "stable", floor: "2.0.0" }, { kind: "stable" }, "v2.1.1"],
    [
      "fenced at one point are apart",
      { kind: "stable", floor: "2.0.0" },
      { kind: "stable", ceiling: "2.0.0" },
      undefined,
    ],
    [
      "of prereleases fenced at one point are apart",
      { ...develop, floor: "2.0.0" },
      { ...develop, ceiling: "2.0.0" },
      undefined,
    ],
    [
      "of build numbers and of versions are apart",
      { kind: "numerical", pattern: "^main-([0-9]{1,15})$", extract: `$\{1}`, order: "asc" },
      { kind: "stable" },
      undefined,
    ],
    [
      "of one extract fenced at one point are apart",
      { kind: "semver", pattern: "^main-([0-9.]{5})$", extract: `$\{1}`, range: "<2.0.0" },
      { kind: "semver", pattern: "^main-([0-9.]{5})$", extract: `$\{1}`, range: ">=2.0.0" },
      undefined,
    ],
    [
      "of one extract with a version in common are not",
      { kind: "semver", pattern: "^main-([0-9.]{5})$", extract: `$\{1}`, range: "<=2.0.0" },
      { kind: "semver", pattern: "^(main|next)-([0-9.]{5})$", extract: `$\{2}`, range: ">=2.0.0" },
      "main-2.0.0",
    ],
  ])("%s", (...[, one, other, tag]) => {
    const shared = example(both(tagsOf(one), tagsOf(other)));
    expect(sharedTag(one, other)).toEqual(shared);
    expect(shared).toEqual(tag ? { kind: "tag", tag } : { kind: "none" });
    if (tag) expect([accepts(one, tag), accepts(other, tag)]).toEqual([true, true]);
  });

  it("may share tags when that was declared, as for a stage that follows stable (rule 9)", () => {
    const edits: Edits = {
      "Pulumi.yaml": {
        "stages.0.channel": { pattern: everything.pattern, semver: ">=0.0.0-0" },
        "stages.0.alsoAccepts": ["prod"],
        "stages.0.samples": ["v1.9.32-develop.1", "v1.9.32-develop.20250602123456"],
        "stages.2.samples": ["v1.9.31"],
      },
    };
    const fleet = resolve(seedSources(edits));
    expect(fleet.stages[0]?.channel).toEqual(everything);
    const told = fleet.stages.map((stage) => declaredOverlaps(fleet, stage));
    const words = (one: string, other: string) => [
      `v1.1.1, and what is like it, reaches ${one} and ${other}, as alsoAccepts has it`,
    ];
    expect(told).toEqual([words("dev", "prod"), [], words("prod", "dev")]);
  });

  it("that share none make a declaration idle, which is said", () => {
    const fleet = resolve(seedSources({ "Pulumi.yaml": { "stages.0.alsoAccepts": ["prod"] } }));
    const told = fleet.stages.flatMap((stage) => declaredOverlaps(fleet, stage));
    expect(told).toContain("no tag reaches dev and prod: alsoAccepts between them can go");
  });
});

describe("an ImagePolicy", () => {
  const policyOf = (edits: Edits["file"]) => {
    const fleet = resolve(seedSources({ "Pulumi.yaml": edits, "Pulumi.dev.yaml": {} }));
    return objectsOf(treeOf("dev", fleet)).find(({ kind }) => kind === "ImagePolicy")?.object.spec;
  };

  it("has both ends of a fence, with -0 where prereleases are meant (rules 5, 9)", () => {
    const channel = { prerelease: "develop", floor: "0.1.0", ceiling: "3.0.0" };
    expect(policyOf({ "stages.0.channel": channel }).policy).toEqual({ semver: { range: ">=0.1.0-0 <3.0.0-0" } });
  });

  it("has an interval iff digests are always reflected (rule 11)", () => {
    expect(policyOf({ "apps.blog.digest": "Always" })).toMatchObject({
      digestReflectionPolicy: "Always",
      interval: "10m",
    });
    const once = policyOf({ "apps.blog.digest": "IfNotPresent" });
    expect(once.digestReflectionPolicy).toBe("IfNotPresent");
    expect(once).not.toHaveProperty("interval");
    expect(policyOf({})).not.toHaveProperty("digestReflectionPolicy");
  });

  it("keeps signatures excluded beside one's own exclusions (rule 10)", () => {
    const fleet = resolve(seedSources({ "Pulumi.yaml": { "apps.blog.exclude": ["-rc"] } }));
    const lists = objectsOf(treeOf("dev", fleet))
      .filter(({ kind }) => kind === "ImageRepository")
      .map(({ object }) => object.spec.exclusionList);
    expect(lists[0]).toEqual(["^.*\\.sig$", "^sha256-.*\\.(att|sbom)$", "-rc"]);
  });
});
