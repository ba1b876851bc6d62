import { describe, expect, it } from "vitest";
import { explanation } from "../stacks/explain/explanation.ts";
import { mismatch } from "../stacks/explain/mismatch.ts";
import { clustersOf, offersOfApp } from "../stacks/explain/offers.ts";
import { preview } from "../stacks/explain/preview.ts";
import { manifestPath, manifestText } from "../stacks/publish/ownership.ts";
import { clusterFolders } from "../stacks/tree/clusters.ts";
import { guardedEdits } from "./fleets.ts";
import { type Files, renderedTree } from "./rendered-tree.ts";

const owned = Object.fromEntries(
  ["dev", "stage", "prod"].map((stage) => {
    return [manifestPath(`clusters/${stage === "prod" ? "production" : stage}`), manifestText(stage, [])];
  }),
);
const seed: Files = { ...renderedTree(), ...owned };
const image = "ghcr.io/acme/blog";
const policyFile = "clusters/production/infrastructure/image-updater/blog/image-policy.yaml";
const scanFile = "clusters/production/infrastructure/image-updater/blog/image-repository.yaml";
const automationFile = "clusters/production/infrastructure/image-updater/blog/image-update-automation.yaml";
const patchFile = "apps/blog/prod/deployment-patch.yaml";

type Edit = readonly [file: string, from: string, to: string];

function edited(files: Files, [file, from, to]: Edit): Files {
  expect(files[file]).toContain(from);
  return { ...files, [file]: (files[file] ?? "").replace(from, () => to) };
}

const ask = (files: Files, tag: string, isLive = true) =>
  explanation(new Map(Object.entries(files)), { image, tag, isLive }).stages;

const stage = (name: string, files: Files, tag: string) => ask(files, tag).find((each) => each.stage === name);

describe("a tag is taken by its own stage alone:", () => {
  it.each([
    ["v1.9.33", "prod"],
    ["v1.9.33-stage.1", "stage"],
    ["v1.9.33-develop.1", "dev"],
  ])("%s by %s", (tag, taker) => {
    expect(
      ask(seed, tag)
        .filter(({ accepted }) => accepted)
        .map((each) => each.stage),
    ).toEqual([taker]);
  });

  it("says by which policy, which line changes, and what it replaces", () => {
    const answer = stage("prod", seed, "v1.9.33");
    expect(answer).toEqual({
      stage: "prod",
      app: "blog",
      accepted: true,
      reason: "committed in place of v1.9.31",
      policy: "blog:blog-prod",
      file: patchFile,
      line: (seed[patchFile] ?? "").split("\n").findIndex((line) => line.includes("$imagepolicy")) + 1,
    });
  });

  it("says that a person merges it, and where", () => {
    const bases = "apps/other-app/base/kustomization.yaml";
    const files = { ...renderedTree(guardedEdits), ...owned, [bases]: "resources: []\n" };
    expect(stage("prod", files, "v1.9.33")).toMatchObject({
      accepted: true,
      reason: "proposed on branch flux/prod/blog in place of v1.9.31",
    });
  });

  it("says of a fresh render that the current tag is unknown", () => {
    const prod = ask(seed, "v1.9.30", false).find((each) => each.stage === "prod");
    expect(prod).toMatchObject({
      accepted: true,
      reason: "committed; the current tag is unknown, the first one is v1.9.31",
    });
  });

  it("needs of a fresh render no file that people own", () => {
    const files = { ...renderedTree(guardedEdits), ...owned };
    expect(ask(files, "v1.9.33", false).filter(({ accepted }) => accepted)).toHaveLength(1);
    expect(() => ask(files, "v1.9.33")).toThrow("lists ../base, which is no file or folder here");
  });

  it.each([
    ["IfNotPresent", "; its digest is written beside it, once"],
    ["Always", "; its digest is written beside it, anew whenever the tag moves"],
  ])("says what happens with the digest: %s", (digest, words) => {
    const files = { ...renderedTree({ "Pulumi.yaml": { "apps.blog.digest": digest } }), ...owned };
    expect(stage("prod", files, "v1.9.33")?.reason).toBe(`committed in place of v1.9.31${words}`);
    expect(stage("prod", files, "v1.9.31")?.reason).toBe(`it is the current tag${words}`);
  });

  it("says when it runs already", () => {
    expect(stage("prod", seed, "v1.9.31")).toMatchObject({ accepted: true, reason: "it is the current tag" });
  });
});

describe("why not:", () => {
  const isSuspended = (file: string): Edit => [file, "\nspec:\n", "\nspec:\n  suspend: true\n"];
  const cases: readonly (readonly [string, Edit | undefined, string, string])[] = [
    ["another channel", undefined, "v1.9.33-rc.1", "after v1.9.33 it wants nothing more, the tag has -rc.1"],
    ["not newer", undefined, "v1.9.30", "not newer than the current tag v1.9.31"],
    ["out of range", [policyFile, ">=0.0.0", "<1.9.0"], "v1.9.33", "not in the range <1.9.0"],
    [
      "no version",
      [policyFile, "    pattern:", "    pattern: .*\n    was:"],
      "latest",
      "the filter matches, but latest is no version or number that Flux reads",
    ],
    ["excluded", [scanFile, "'^.*\\.sig$'", "'33$'"], "v1.9.33", "excluded by the ImageRepository: 33$"],
    ["a suspended policy", isSuspended(policyFile), "v1.9.33", "suspended: ImagePolicy blog/blog-prod"],
    ["a suspended scan", isSuspended(scanFile), "v1.9.33", "suspended: ImageRepository blog/blog"],
    [
      "a suspended automation",
      isSuspended(automationFile),
      "v1.9.33",
      "suspended: ImageUpdateAutomation blog/blog-prod",
    ],
    [
      "no automation",
      [automationFile, "      app: blog", "      app: nobody"],
      "v1.9.33",
      "the policy takes it, but no ImageUpdateAutomation writes it",
    ],
    [
      "no marked line",
      [patchFile, "blog:blog-prod", "blog:blog-proud"],
      "v1.9.33",
      "the policy takes it, but no line below ./apps/blog/prod has its marker",
    ],
    ["an unknown image", [scanFile, "acme/blog", "acme/blig"], "v1.9.33", `no ImageRepository scans ${image}`],
    [
      "no policy of the image",
      [policyFile, "imageRepositoryRef:\n    name: blog", "imageRepositoryRef:\n    name: other"],
      "v1.9.33",
      "no ImagePolicy chooses from its tags",
    ],
    [
      "a range that Flux reads otherwise",
      [policyFile, ">=0.0.0", ">=1.x"],
      "v1.9.33",
      'not decided: range ">=1.x": ">=1.x" is no comparator',
    ],
  ];

  it.each(cases)("%s", (...[, edit, tag, reason]) => {
    const answer = stage("prod", edit ? edited(seed, edit) : seed, tag);
    expect(answer?.accepted).toBe(false);
    expect(answer?.reason).toContain(reason);
  });

  it("of what nobody scans, once a stage", () => {
    const { stages } = explanation(new Map(Object.entries(seed)), { image: "ghcr.io/acme/x", tag: "v1", isLive: true });
    expect(stages).toHaveLength(3);
    expect(stages[0]).toEqual({
      stage: "dev",
      app: null,
      accepted: false,
      reason: "image unknown: no ImageRepository scans ghcr.io/acme/x",
      policy: null,
      file: null,
      line: null,
    });
  });

  it("a file that is no YAML is named", () => {
    expect(() => ask(edited(seed, [policyFile, "kind:", "kind: ["]), "v1")).toThrow(policyFile);
  });
});

describe("a policy by other orders", () => {
  const policyWith = (lines: string) =>
    (seed[policyFile] ?? "").replace(/ {2}filterTags:.*$/s, () => `  filterTags:\n    ${lines}\n`);
  const numbers = `pattern: ^main-([0-9]+)$\n    extract: \${1}\n  policy:\n    numerical: { order: asc }`;
  const live = (lines: string, current: string): Files => ({
    ...seed,
    [policyFile]: policyWith(lines),
    [patchFile]: (seed[patchFile] ?? "").replace("v1.9.31", current),
  });

  it.each([
    [numbers, "main-9", "main-10", true, "committed in place of main-9"],
    [numbers, "main-10", "main-9", false, "not newer than the current tag main-10"],
    [numbers, "main-9", "main-x", false, "after main- it wants ([0-9]+), the tag has x"],
    ["pattern: .*\n  policy:\n    alphabetical: {}", "b", "c", true, "committed in place of b"],
    ["pattern: .*\n  policy:\n    numerical: {}", "1", "c", false, "is no version or number that Flux reads"],
    ["pattern: .*\n  policy: {}", "1", "c", false, "not decided: the policy has no order"],
  ] as const)("%s from %s to %s", (...[lines, current, tag, accepted, reason]) => {
    expect(stage("prod", live(lines, current), tag)).toMatchObject({
      accepted,
      reason: expect.stringContaining(reason),
    });
  });

  it("takes nothing as long as one tag is no number", () => {
    const files = live("pattern: .*\n  policy:\n    numerical: {}", "1");
    const [offer] = offersOfApp("blog", "prod", clustersOf(new Map(Object.entries(files)), true));
    expect(offer && preview(offer, ["1", "2", "x"])).toMatchObject({
      selected: null,
      reason: "failed to parse invalid numeric value 'x'",
    });
  });
});

describe("where a filter stops", () => {
  it.each([
    ["^v(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)-stage\\.([0-9]+)$", "v1.9-develop.2", "after v1.9 it wants -stage"],
    ["^v(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)$", "v01.2", "after v0 it wants ., the tag has 1.2"],
    ["^v(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)$", "latest", "at its beginning it wants v, the tag has latest"],
    ["^v[0-9]+$", "v1-rc", "after v1 it wants nothing more, the tag has -rc"],
    ["^v[0-9]+-rc$", "v1", "after v1 it wants -rc, the tag has nothing more"],
    ["^a$|^b$", "c", "the filter ^a$|^b$ does not match"],
    ["stage", "dev", "the filter stage does not match"],
  ])("%s at %s", (pattern, tag, words) => expect(mismatch(pattern, tag)).toContain(words));
});

describe("the clusters of a repository", () => {
  it("are found with their stages", () => {
    expect(clusterFolders(new Map(Object.entries(seed)))).toEqual([
      { path: "clusters/dev", stage: "dev" },
      { path: "clusters/production", stage: "prod" },
      { path: "clusters/stage", stage: "stage" },
    ]);
  });

  it("are called by their path where nothing says the stage, wherever flux bootstrap put them", () => {
    const files = new Map([
      ["fleet/eu/flux-system/gotk-sync.yaml", ""],
      ["clusters/a/kustomization.yaml", ""],
    ]);
    expect(clusterFolders(files).map((each) => each.stage)).toEqual(["clusters/a", "fleet/eu"]);
  });

  it("need no kustomization.yaml of their own", () => {
    const { "clusters/production/kustomization.yaml": _, ...rest } = seed;
    expect(stage("prod", rest, "v1.9.33")).toMatchObject({ accepted: true });
  });
});

describe("what would run", () => {
  const [offer] = offersOfApp("blog", "prod", clustersOf(new Map(Object.entries(seed)), true));
  const of = (...tags: string[]) => offer && preview(offer, tags);

  it("is the newest tag of the channel, with the next best and a count of the rest by reason", () => {
    const newest = Array.from({ length: 9 }, (_, index) => `v1.9.${index + 1}`);
    expect(of(...newest, "v1.10.0", "latest", "v1.9.32-stage.1", "sha.sig")).toEqual({
      app: "blog",
      stage: "prod",
      image,
      policy: "blog:blog-prod",
      selected: "v1.10.0",
      reason: null,
      candidates: ["v1.10.0", "v1.9.9", "v1.9.8", "v1.9.7", "v1.9.6"],
      refused: { excluded: 1, filter: 2, range: 0, version: 0 },
    });
  });

  it("is nothing when no tag is for it", () => {
    const filtered = "version list argument cannot be empty";
    expect(of("latest")).toMatchObject({ selected: null, reason: filtered, candidates: [] });
    expect(of()).toMatchObject({ selected: null, reason: "no tags in database", candidates: [] });
  });
});
