import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";
import type { Fleet } from "../stacks/config/fleet.ts";
import { resolve } from "../stacks/config/resolve.ts";
import { guarded, seed, treeOf } from "./fleets.ts";
import { answers, buildOracle, buildTimeout, describeWithGo } from "./go-oracle.ts";
import { type Edits, seedSources } from "./sources.ts";

const folder = join(tmpdir(), `pod-security-${process.pid}`);
const oracle = join(folder, "pod-security");

const appsWith = (key: string, value: unknown): Edits[string] =>
  Object.fromEntries(["blog", "other-app", "second-other-app"].map((app) => [`apps.${app}.${key}`, value]));

const baseline = resolve(seedSources({ "Pulumi.yaml": appsWith("security", "baseline") }));
const numbered = resolve(seedSources({ "Pulumi.yaml": appsWith("user", 1000) }));

/** Each app of each stage with a rendered base, as kustomize merges the overlay's fields into it. */
const deployments = (fleet: Fleet): readonly string[] =>
  fleet.stages.flatMap(({ name: stage, apps }) =>
    apps.flatMap(({ name, base }) => {
      if (base.kind === "external") return [];
      const { files } = treeOf(stage, fleet);
      const deployment = parse(files[`apps/${name}/base/deployment.yaml`] ?? "");
      const pod = parse(files[`apps/${name}/${stage}/deployment-patch.yaml`] ?? "").spec.template.spec;
      const { spec } = deployment.spec.template;
      const containers = [{ ...spec.containers[0], ...pod.containers[0] }];
      deployment.spec.template.spec = { ...spec, ...pod, containers };
      return [JSON.stringify(deployment)];
    }),
  );

async function verdicts(level: string, asked: readonly string[]): Promise<readonly string[]> {
  const found = await answers<{ forbidden: string }>(
    oracle,
    asked.map((deployment) => ({ level, deployment })),
  );
  expect(found).toHaveLength(asked.length);
  return [...new Set(found.map(({ forbidden }) => forbidden))];
}

describeWithGo("the API server's own Pod Security checks (skipped where there is no Go)", () => {
  beforeAll(() => buildOracle({ binary: oracle, module: "pod-security" }), buildTimeout);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ["the seed's", deployments(seed), 9],
    ["private images and pull requests", deployments(guarded), 6],
    ["a named uid", deployments(numbered), 9],
  ])("allow what is rendered where the restricted standard is enforced: %s", async (...[, asked, count]) => {
    expect(asked).toHaveLength(count);
    expect(await verdicts("restricted", asked)).toEqual([""]);
  });

  it("allow security: baseline where baseline is enforced, and say what restricted misses of it", async () => {
    const asked = deployments(baseline);
    expect(await verdicts("baseline", asked)).toEqual([""]);
    expect((await verdicts("restricted", asked)).join("\n")).toMatch(
      /unrestricted capabilities \(.*\), runAsNonRoot != true/,
    );
  });

  it("refuse root beside restricted", async () => {
    const root = deployments(seed).map((each) =>
      each.replace('"runAsNonRoot":true', '"runAsNonRoot":true,"runAsUser":0'),
    );
    expect(await verdicts("restricted", root)).toEqual([expect.stringContaining("runAsUser=0")]);
  });
});
