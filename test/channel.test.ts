import fc from "fast-check";
import { Range } from "semver";
import { describe, expect, it } from "vitest";
import type { NamedChannel as Channel } from "../stacks/config/fleet.ts";
import { accepts, sampleTag, tagPolicy } from "../stacks/config/tags/channel.ts";
import { rangeProblem } from "../stacks/config/tags/range.ts";
import { selectTag } from "../stacks/gitops/select.ts";

const stable: Channel = { kind: "stable" };
const prerelease = (id: string): Channel => ({ kind: "prerelease", id });
const channels = { stable, stage: prerelease("stage"), develop: prerelease("develop") };

const tags: readonly (readonly [string, keyof typeof channels | "nobody"])[] = [
  ["v1.9.31", "stable"],
  ["v0.0.0", "stable"],
  ["v1.9.32-stage.1", "stage"],
  ["v1.9.32-develop.2", "develop"],
  ["v1.9.32-develop.10", "develop"],
  ["v1.9.32-develop.20250602123456", "develop"],
  // Two spellings of one version make Flux commit one and the other in turn.
  ["1.9.31", "nobody"],
  ["V1.9.31", "nobody"],
  ["v01.9.31", "nobody"],
  ["v1.9.32-stage.01", "nobody"],
  ["v1.9", "nobody"],
  ["v1.9.31.4", "nobody"],
  ["v1.9.31+build", "nobody"],
  ["v1.9.32-dev.2", "nobody"],
  ["v1.9.32-develop", "nobody"],
  ["v1.9.32-develop2", "nobody"],
  ["v1.9.32-develop-2", "nobody"],
  ["v1.9.32-develop.1000000000000000", "nobody"],
  ["v1000000000000000.9.32", "nobody"],
  ["v1.9.32-Develop.2", "nobody"],
  ["v1.9.32-develop.2.sig", "nobody"],
  ["v1.9.32-stage.1-develop.1", "nobody"],
  ["xv1.9.31", "nobody"],
  ["v1.9.31\n", "nobody"],
  ["latest", "nobody"],
];

describe("a tag belongs to one channel or to none (rules 4, 7)", () => {
  it.each(tags)("%j reaches %s", (tag, channel) => {
    const reached = Object.entries(channels).flatMap(([name, each]) => (accepts(each, tag) ? [name] : []));
    expect(reached).toEqual(channel === "nobody" ? [] : [channel]);
  });

  it.each(tags)("%j is selected where it is accepted, and nowhere else", (tag) => {
    for (const channel of Object.values(channels)) {
      expect(selectTag(tagPolicy(channel), [tag]).kind).toBe(accepts(channel, tag) ? "selected" : "none");
    }
  });

  it("holds for any two different prerelease words", () => {
    const word = fc.stringMatching(/^[A-Za-z][0-9A-Za-z-]{0,8}$/);
    const number = fc.nat();
    fc.assert(
      fc.property(word, word, fc.tuple(number, number, number, number), (one, other, [major, minor, patch, n]) => {
        const tag = `v${major}.${minor}.${patch}-${one}.${n}`;
        expect(accepts(prerelease(one), tag)).toBe(true);
        expect(accepts(prerelease(other), tag)).toBe(one === other);
        expect(accepts(stable, tag)).toBe(false);
      }),
    );
  });

  it.each(Object.entries(channels))("%s accepts the sample that messages show", (_, channel) => {
    expect(accepts(channel, sampleTag(channel))).toBe(true);
  });
});

describe("the policy of a channel", () => {
  it.each(Object.entries(channels))("%s has an anchored filter in the syntax of RE2 (rule 4)", (_, channel) => {
    const { pattern } = tagPolicy(channel);
    expect(pattern).toMatch(/^\^.*\$$/);
    expect(pattern).not.toMatch(/\(\?|\\[1-9dDwWsSbB]/);
  });

  it.each(Object.entries(channels))("%s has a range that both libraries read alike (rule 6)", (_, channel) => {
    expect(rangeProblem(tagPolicy(channel).range)).toBeUndefined();
  });

  it.each(["stage", "develop"] as const)("%s has -0 on every comparator and no word of its own (rule 5)", (name) => {
    const comparators = tagPolicy(channels[name]).range.split(/\|\||\s+/);
    expect(comparators.filter((each) => !each.endsWith("-0"))).toEqual([]);
    expect(tagPolicy(channels[name]).range).not.toContain(name);
  });

  it("keeps prereleases out of stable twice, by filter and by range (rule 5)", () => {
    const { range } = tagPolicy(stable);
    expect(new Range(range).test("1.9.32-stage.1")).toBe(false);
  });

  it("takes versions below 1.0.0", () => {
    expect(selectTag(tagPolicy(stable), ["v0.3.8"])).toEqual({ kind: "selected", tag: "v0.3.8" });
  });
});
