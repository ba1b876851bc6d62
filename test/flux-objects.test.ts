import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { resolve } from "../stacks/config/resolve.ts";
import { everything } from "./everything.ts";
import { objectsOf, type Rendered, seed, treeOf } from "./fleets.ts";
import { answers, buildOracle, buildTimeout, describeWithGo } from "./go-oracle.ts";
import { seedSources } from "./sources.ts";

const folder = join(tmpdir(), `flux-objects-${process.pid}`);
const oracle = join(folder, "flux-api");

const isFlux = ({ object }: Rendered): boolean => /\.fluxcd\.io\//.test(object.apiVersion);

const rendered = [seed, resolve(seedSources(everything))].flatMap((fleet) =>
  fleet.stages.flatMap(({ name }) => objectsOf(treeOf(name, fleet)).filter(isFlux)),
);

async function problems(objects: readonly Rendered["object"][]): Promise<readonly string[]> {
  const questions = objects.map((object) => {
    return { apiVersion: object.apiVersion, kind: object.kind, object: JSON.stringify(object) };
  });
  return (await answers<{ problem: string }>(oracle, questions)).map(({ problem }) => problem);
}

describeWithGo("Flux's own types (skipped where there is no Go)", () => {
  beforeAll(() => buildOracle({ binary: oracle, module: "flux-api" }), buildTimeout);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("have every kind and field that is rendered (rules 1, 2)", async () => {
    const kinds = new Set(rendered.map(({ kind }) => kind));
    expect([...kinds].toSorted()).toEqual([
      "Alert",
      "GitRepository",
      "HelmRelease",
      "HelmRepository",
      "ImagePolicy",
      "ImageRepository",
      "ImageUpdateAutomation",
      "Kustomization",
      "OCIRepository",
      "Provider",
      "Receiver",
    ]);
    const found = await problems(rendered.map(({ object }) => object));
    expect(found).toHaveLength(rendered.length);
    expect(found.filter((problem) => problem !== "")).toEqual([]);
  });

  it("refuse a field, a type and a version that they do not have", async () => {
    const alert = rendered.find(({ kind }) => kind === "Alert")?.object;
    const spoiled = [
      { ...alert, spec: { ...alert.spec, severity: "error" } },
      { ...alert, spec: { ...alert.spec, exclusionList: "all" } },
      { ...alert, apiVersion: "notification.toolkit.fluxcd.io/v1" },
    ];
    expect(await problems(spoiled)).toEqual([
      expect.stringContaining('unknown field "severity"'),
      expect.stringContaining("spec.exclusionList"),
      "Flux has no notification.toolkit.fluxcd.io/v1 Alert",
    ]);
  });
});
