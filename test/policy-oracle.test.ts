import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { parse } from "semver";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Channel } from "../stacks/config/fleet.ts";
import { tagPolicy } from "../stacks/config/tags/channel.ts";
import { readPattern } from "../stacks/config/tags/pattern.ts";
import { rangeProblem, satisfies } from "../stacks/config/tags/range.ts";
import { selectTag } from "../stacks/gitops/select.ts";
import { seed as drawn } from "./chance.ts";
import { answers, buildOracle, buildTimeout, describeWithGo } from "./go-oracle.ts";
import { noVersions } from "./no-versions.ts";
import { pattern, text } from "./patterns.ts";
import { type Case, cases, loosePatterns } from "./policy-cases.ts";

/** As the oracle gives it; `or`: a tag that is the same version, which of the two Flux takes is left to chance. */
interface Answer {
  readonly tag?: string;
  readonly or?: string;
  readonly error?: string;
}

/** Ours in the oracle's words; of two tags that are one version both name the same one first. */
function ours({ policy, tags }: Case): Answer {
  const selection = selectTag(policy, tags);
  return selection.kind === "selected" ? { tag: selection.tag } : { error: selection.reason };
}

const develop: Channel = { kind: "prerelease", id: "develop" };
const stage: Channel = { kind: "prerelease", id: "stage" };
const number = "(0|[1-9][0-9]*)";
const registry = ["v1.9.31", "v1.9.32-stage.1", "v1.9.32-stage.2", "v1.9.32-develop.2", "v1.9.32-develop.10", "latest"];
const empty = "version list argument cannot be empty";
const nothing = "unable to determine latest version from provided list";
const article = "^v[0-9]+\\.[0-9]+\\.[0-9]+\\.[0-9]+$";
const followStable = { pattern: `^v${number}\\.${number}\\.${number}(-develop\\.${number})?$`, range: ">=0.0.0-0" };
const only = (range: string, pattern = "") => ({ pattern, range });
const above = (lower: string, higher: string) =>
  [`${lower} < ${higher}`, only(">=0.0.0-0"), [lower, higher], higher] as const;

const fixed: readonly (readonly [string, Case["policy"], readonly string[], string | RegExp])[] = [
  ["prod takes the release", tagPolicy({ kind: "stable" }), registry, "v1.9.31"],
  ["stage takes its own", tagPolicy(stage), registry, "v1.9.32-stage.2"],
  ["dev orders by number", tagPolicy(develop), registry, "v1.9.32-develop.10"],
  ["dev stays below a release", tagPolicy(develop), [...registry, "v1.9.32"], "v1.9.32-develop.10"],
  ["dev goes on after it", tagPolicy(develop), [...registry, "v1.9.33-develop.1"], "v1.9.33-develop.1"],
  ["dev can follow stable", followStable, [...registry, "v1.9.32"], "v1.9.32"],
  ["and goes on", followStable, [...registry, "v1.9.32", "v1.9.33-develop.1"], "v1.9.33-develop.1"],
  ["a fence holds a line back", only("^1.0.0-0"), [...registry, "v2.0.0-develop.3"], "v1.9.32-stage.2"],
  ["a stable range gives stage nothing", only(">=1.0.0", tagPolicy(stage).pattern), registry, /^unable/],
  ["the article's filter: none of its tags", only(">=1.0.0", article), registry, new RegExp(empty)],
  ["the article's filter: no version", only(">=1.0.0", article), ["v1.9.31.4"], new RegExp(nothing)],
  ["stage without a filter, today", only(">=1.0.0-stage"), registry, "v1.9.32-stage.2"],
  ["stage without a filter, released", only(">=1.0.0-stage"), [...registry, "v1.9.32"], "v1.9.32"],
  ["stage without a filter, later", only(">=1.0.0-stage"), [...registry, "v1.9.33-develop.1"], "v1.9.33-develop.1"],
  ["dev without a filter", only(">=1.0.0-dev"), registry, "v1.9.32-stage.2"],
  ["no tags at all", tagPolicy(develop), [], /^no tags in database$/],
  ["one of two is switched on by the other", only(">=1.0.0-0 <2.0.0"), ["v2.0.0-develop.1"], "v2.0.0-develop.1"],
  ["-0 on both", only(">=1.0.0-0 <2.0.0-0"), ["v2.0.0-develop.1"], new RegExp(nothing)],
  ["alternatives are apart", only("<1.0.0 || >=1.0.0-0"), ["v0.9.0-develop.1"], new RegExp(nothing)],
  ["a prerelease of a hyphen", only(">=1.0.0--"), ["v1.1.0-stage.1"], "v1.1.0-stage.1"],
  ["leading zeros", only(">=0.0.0"), ["v1.09.31", "v1.9.30"], "v1.09.31"],
  ["dots in the prerelease only", only(">=0.0.0-0"), ["3.18-alpine3.18.1", "1.2-rc.1"], "3.18-alpine3.18.1"],
  ...noVersions.map((tag) => [`${tag} is no version`, only(">=0.0.0-0"), [tag], new RegExp(nothing)] as const),
  ...["2147483648", "999999999999999", "9007199254740993", "18446744073709551616"].map(
    (counter) =>
      [
        `the counter ${counter}`,
        tagPolicy(develop),
        ["v1.0.0-develop.1", `v1.0.0-develop.${counter}`],
        counter.length > 15 ? "v1.0.0-develop.1" : `v1.0.0-develop.${counter}`,
      ] as const,
  ),
  above("v1.0.0-develop.9", "v1.0.0-develop.10"),
  above("v1.0.0-develop10", "v1.0.0-develop9"),
  above("v1.0.0-develop-10", "v1.0.0-develop-9"),
  above("v1.0.0-Develop", "v1.0.0-develop"),
  above("v1.0.0-dev", "v1.0.0-develop"),
  above("v1.0.0-develop", "v1.0.0-rc"),
  above("v1.0.0-rc", "v1.0.0-stage"),
  above("v1.0.0-1", "v1.0.0-a"),
  above("v1.0.0-a", "v1.0.0-a.1"),
  above("v1.0.0-stage.9", "v1.0.0"),
];

/** Range, a tag, and what Flux makes of it: npm's reading, at its most generous, is another one. */
const apart: readonly (readonly [string, string, "takes" | "leaves" | "refuses"])[] = [
  ["~0.0.0", "v1.2.3", "takes"],
  ["~0.0.0-0", "v1.2.3-stage.1", "takes"],
  [">=1.0.0, <2.0.0", "v1.2.3", "takes"],
  ["!=1.9.31", "v1.2.3", "takes"],
  ["=>1.0.0", "v1.2.3", "takes"],
  ["=<2.0.0", "v1.2.3", "takes"],
  ["1.x-0", "v1.2.3", "takes"],
  ["^1.x-0", "v1.2.3", "takes"],
  ["~1.9-0", "v1.9.3", "takes"],
  ["*-0", "v1.2.3", "takes"],
  [">=01.0.0", "v1.2.3", "takes"],
  ["<9007199254740993.0.0", "v1.2.3", "takes"],
  ["1.0.0 - 2.0.0 >=1.1.0", "v1.2.3", "takes"],
  ["<2 >=1.0.0-0", "v2.0.0-0", "takes"],
  ["1.x >=1.0.0-0", "v1.0.0-develop.1", "leaves"],
  [">=1.9 >=0.0.0-0", "v1.9.0-develop.1", "leaves"],
  ["", "v1.2.3", "refuses"],
  [">=1.0.0 ||", "v1.2.3", "refuses"],
  [Array.from({ length: 33 }, () => "1.2.3").join("||"), "v1.2.3", "refuses"],
  [`${">=1.0.0 ".repeat(64)}>=1.0.0`, "v1.2.3", "refuses"],
];

function npmReads(range: string, tag: string): "takes" | "leaves" | "refuses" {
  const version = parse(tag);
  try {
    return version && satisfies(version, range) ? "takes" : "leaves";
  } catch {
    return "refuses";
  }
}

describeWithGo("Flux's own policies (needs go)", () => {
  const folder = join(tmpdir(), `policy-oracle-${process.pid}`);
  const binary = join(folder, "oracle");
  const flux = (asked: readonly Case[]) =>
    answers<Answer>(
      binary,
      asked.map(({ policy, tags }) => {
        const { pattern, extract } = policy;
        return {
          filterTags: { pattern, ...(extract ? { extract } : {}) },
          policy: "range" in policy ? { semver: { range: policy.range } } : { [policy.kind]: { order: policy.order } },
          // As they are stored: of two tags with one extract the last counts.
          tags: tags.toSorted().toReversed(),
        };
      }),
    );

  beforeAll(
    () => buildOracle({ binary, module: "flux", command: "./image-reflector-controller/oracle" }),
    buildTimeout,
  );
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(fixed)("agree: %s", async (...[, policy, tags, expected]) => {
    const [answer] = await flux([{ policy, tags }]);
    expect(answer).toEqual(
      typeof expected === "string" ? { tag: expected } : { error: expect.stringMatching(expected) },
    );
    expect(ours({ policy, tags })).toEqual(answer);
  });

  it.each(apart)("read %j otherwise than npm, so it is refused", async (range, tag, expected) => {
    const [{ error } = {}] = await flux([{ policy: only(range), tags: [tag] }]);
    const reads = error === undefined ? "takes" : error.startsWith("invalid policy") ? "refuses" : "leaves";
    expect(reads).toBe(expected);
    expect(npmReads(range, tag)).not.toBe(expected);
    expect(rangeProblem(range)).toBeTypeOf("string");
  });

  it("refuse a range whose version is longer than theirs may be, as ours does", async () => {
    const range = `>=1.0.0-${"a".repeat(251)}`;
    const [answer] = await flux([{ policy: only(range), tags: ["v1.2.3"] }]);
    expect(answer?.error).toMatch(/^invalid policy/);
    expect(rangeProblem(range)).toBeTypeOf("string");
  });

  it("read every pattern that is not refused as JavaScript does", async () => {
    const texts = fc.array(
      text.filter((each) => each !== ""),
      { minLength: 8, maxLength: 8 },
    );
    const asked = fc.sample(fc.tuple(pattern, texts), 3000).flatMap(([written, tags]): readonly Case[] => {
      const anchored = `^(${written})$`;
      if ("problem" in readPattern(anchored)) return [];
      return [{ policy: { pattern: anchored, extract: `$\{1}.`, kind: "alphabetical", order: "asc" }, tags }];
    });
    const answered = await flux(asked);
    const differing = asked.filter((each, index) => ours(each).tag !== answered[index]?.tag);
    expect(differing).toEqual([]);
    expect(asked.length).toBeGreaterThan(2000);
    expect(answered.filter(({ tag }) => tag).length).toBeGreaterThan(300);
  });

  const seed = Number(process.env["SEED"] ?? drawn);

  it(`agree on 100,000 random cases (SEED=${seed})`, { timeout: 120_000 }, async () => {
    const asked = cases(seed, 100_000);
    const answered = await flux(asked);
    const differing = asked.flatMap((each, index) => {
      const { or: _, ...answer } = answered[index] ?? {};
      const mine = ours(each);
      return mine.tag === answer.tag && mine.error === answer.error ? [] : [{ ...each, flux: answer, ours: mine }];
    });
    expect(differing.slice(0, 5)).toEqual([]);
    // Every kind of answer has been among them.
    expect(answered.filter(({ tag }) => tag).length).toBeGreaterThan(20_000);
    expect(new Set(answered.map(({ error }) => error?.replace(/'.*'/, "'…'")))).toEqual(
      new Set([undefined, empty, nothing, "no tags in database", "failed to parse invalid numeric value '…'"]),
    );
    const ties = asked.filter(({ policy }, index) => answered[index]?.or && "range" in policy && !policy.extract);
    expect(ties.length).toBeGreaterThan(0);
    // A channel's filter leaves no two spellings of one version.
    expect(ties.map(({ policy }) => policy.pattern).filter((pattern) => !loosePatterns.includes(pattern))).toEqual([]);
  });
});
