import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { nodeScripts } from "../stacks/cluster/node-scripts.ts";
import { resolve } from "../stacks/config/resolve.ts";
import { setters } from "../stacks/tree/setters.ts";
import { everything } from "./everything.ts";
import { guarded, objectsOf, seed, treeOf } from "./fleets.ts";
import { seedSources } from "./sources.ts";

/** Of the forty rules for a generator of Flux repositories, those that nothing here follows. */
const notFollowed: { readonly [rule: number]: string } = {
  36: "stages do not wait for each other's bootstrap: each is a stack and an `up` of its own, and a lost push is tried again",
  38: "there is no FluxInstance, which would push by force without rule 13; `flux bootstrap` installs Flux",
};

/** Rules that are followed but for a part, which is advice or suits others. */
const followedInPart: { readonly [rule: number]: string } = {
  11: "digests are written where `digest` asks for it, in prod too: without it a line says what people read, the tag",
  20: "one author for all stages: the message names the stage, and a plus in GitHub's own address names another account",
  21: "one automation per app instead of one per cluster: its path holds one app's one stage; they start staggered",
  31: "the root kustomization.yaml is written: without it Flux would own all that lies below twice",
};

const fleets = { seed, guarded, everything: resolve(seedSources(everything)) };
const trees = Object.entries(fleets).flatMap(([name, fleet]) =>
  fleet.stages.map((stage) => ({ fleet: name, stage: stage.name, rendered: objectsOf(treeOf(stage.name, fleet)) })),
);
const objects = trees.flatMap(({ rendered }) => rendered);
const flux = objects.filter(({ object }) => /\.fluxcd\.io\//.test(object.apiVersion));
const ofKind = (kind: string) => flux.filter((each) => each.kind === kind).map(({ object }) => object);

describe("every object of Flux", () => {
  it("has the one API version of its kind that Flux 2.7 to 2.9 serve (rule 1)", () => {
    const versions = flux.map(({ kind, object }) => `${kind} ${object.apiVersion.split("/")[1]}`);
    expect([...new Set(versions)].toSorted()).toEqual([
      "Alert v1beta3",
      "GitRepository v1",
      "HelmRelease v2",
      "HelmRepository v1",
      "ImagePolicy v1",
      "ImageRepository v1",
      "ImageUpdateAutomation v1",
      "Kustomization v1",
      "OCIRepository v1",
      "Provider v1beta3",
      "Receiver v1",
    ]);
  });

  it("does without the fields that came after 2.7 (rule 2)", () => {
    const specs = (kind: string) => ofKind(kind).map(({ spec }) => spec);
    const later = [
      ...specs("Kustomization").flatMap(({ ignore, buildMetadata }) => [ignore, buildMetadata]),
      ...specs("ImageUpdateAutomation").map(({ git }) => git.commit.signingKey),
      ...specs("GitRepository").flatMap(({ provider, verify }) => [provider === "aws" || undefined, verify]),
    ];
    expect(later.length).toBeGreaterThan(0);
    expect(later.filter((each) => each !== undefined)).toEqual([]);
  });

  it("reaches the cluster as it is written: no substitution takes an extract's groups away (rule 8)", () => {
    expect(ofKind("Kustomization").length).toBeGreaterThan(0);
    expect(ofKind("Kustomization").filter(({ spec }) => "postBuild" in spec)).toEqual([]);
  });
});

describe("the controllers", () => {
  const patches = objects
    .filter(({ path }) => path.endsWith("/flux-system/kustomization.yaml"))
    .flatMap(({ object }) => object.patches);

  it("get one argument more than from Flux, and no feature gate (rule 22)", () => {
    const added = patches.map(({ target, patch }) => `${target.name} ${/value: (.*)/.exec(patch)?.[1]}`);
    expect(patches.flatMap(({ patch }) => patch.match(/op:/g))).toHaveLength(patches.length);
    expect(new Set(added)).toEqual(new Set(["image-automation-controller --max-retry-delay=2m"]));
  });

  it("may follow the reference from an app's namespace to the write source (rule 26)", () => {
    const crossing = ofKind("ImageUpdateAutomation").filter(
      ({ metadata, spec }) => spec.sourceRef.namespace !== metadata.namespace,
    );
    expect(crossing).toEqual(ofKind("ImageUpdateAutomation"));
    const texts = [...objects.map(({ text }) => text), JSON.stringify(nodeScripts())];
    expect(texts.filter((text) => /no-cross-namespace-refs|multitenant/.test(text))).toEqual([]);
  });
});

describe.each(trees)("markers of the fleet $fleet in $stage", ({ rendered }) => {
  const kindOf = (kind: string) => rendered.filter((each) => each.kind === kind).map(({ object }) => object);
  const markers = Object.entries(Object.fromEntries(rendered.map(({ path, text }) => [path, text]))).flatMap(
    ([path, text]) => setters(text).map(({ marker }) => ({ path, policy: marker.policy })),
  );

  it("name one policy each, and one automation of its namespace writes there (rule 15)", () => {
    const policies = kindOf("ImagePolicy").map(({ metadata }) => `${metadata.namespace}:${metadata.name}`);
    const writers = markers.map(({ path, policy }) =>
      kindOf("ImageUpdateAutomation")
        .filter(({ spec }) => `./${path}`.startsWith(`${spec.update.path}/`))
        .map(({ metadata }) => [metadata.namespace, policies.filter((each) => each === policy).length]),
    );
    expect(writers).toEqual(markers.map(({ policy }) => [[policy.split(":")[0], 1]]));
    expect(markers.map(({ policy }) => policy).toSorted()).toEqual(policies.toSorted());
  });
});

it("no marker asks for a digest of its own, which a policy without reflection does not have (rule 11)", () => {
  const parts = objects.flatMap(({ text }) => setters(text).map(({ marker }) => marker.part));
  expect(new Set(parts)).toEqual(new Set(["image"]));
});

const named = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".test.ts"))
  .flatMap((file) => {
    const text = readFileSync(join(import.meta.dirname, file), "utf8");
    const numbers = [...text.matchAll(/\(rules? (\d+(?:, \d+)*)\)/g)].flatMap(([, list = ""]) => list.split(", "));
    return numbers.map((rule) => `${file.replace(".test.ts", "")} ${rule}`);
  });

describe("the forty rules", () => {
  const all = Array.from({ length: 40 }, (_, index) => index + 1);
  const numbers = (reasons: { readonly [rule: number]: string }) => Object.keys(reasons).map(Number);
  const rows = readFileSync(join(import.meta.dirname, "../docs/evidence.md"), "utf8")
    .split("\n")
    .map((line) => line.split(" | "));
  /** What a row says: its rules are first to last, and each file has some of them. */
  const said = rows.flatMap(([subject = "", files = ""]) => {
    const [, first, last] = /^\| .+, (\d+) to (\d+)$/.exec(subject)?.map(Number) ?? [];
    return [...files.matchAll(/`([\w-]+)`((?: \d+)+)/g)].flatMap(([, file = "", list = ""]) =>
      list
        .trim()
        .split(" ")
        .map((rule) => ({ file, rule: Number(rule), first: first ?? 0, last: last ?? 0 })),
    );
  });

  it("are each named by a test, or not followed for a reason", () => {
    const found = new Set(named.map((each) => Number(each.split(" ")[1])));
    expect([...found, ...numbers(notFollowed)].toSorted((a, b) => a - b)).toEqual(all);
    expect(numbers(followedInPart).filter((rule) => !found.has(rule))).toEqual([]);
  });

  it("stand in docs/evidence.md, each in its row with tests that name it", () => {
    expect(said.filter(({ file, rule }) => !named.includes(`${file} ${rule}`))).toEqual([]);
    expect(said.filter(({ rule, first, last }) => rule < first || rule > last)).toEqual([]);
    const found = new Set(said.map(({ rule }) => rule));
    expect([...found, ...numbers(notFollowed)].toSorted((a, b) => a - b)).toEqual(all);
  });

  it("stand there with the reasons where they are not followed", () => {
    const reasons = Object.entries({ ...notFollowed, ...followedInPart });
    expect(rows.filter(([rule = ""]) => /^\| \d+$/.test(rule)).map((row) => row.join(" | "))).toEqual(
      reasons.map(([rule, reason]) => `| ${rule} | ${reason} |`),
    );
  });
});
