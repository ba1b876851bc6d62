/** The API server takes every object that is rendered, its CRDs' expressions included, and refuses what is wrong. */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { resolve } from "../../stacks/config/resolve.ts";
import { everything } from "../everything.ts";
import { objectsOf, treeOf } from "../fleets.ts";
import { seedSources } from "../sources.ts";
import { fleets, stageFiles } from "./fixtures.ts";
import { applyAll } from "./harness/bootstrap.ts";
import { moduleFolder } from "./harness/build.ts";
import { clusterObjects, kustomize, writeFiles } from "./harness/built-objects.ts";
import type { KubernetesObject } from "./harness/client.ts";
import { fluxComponents } from "./harness/flux-command.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { foreignCrds, upgradeController } from "./harness/foreign-crds.ts";
import { type Kubernetes, startKubernetes } from "./harness/kubernetes.ts";
import { wrongObjects } from "./wrong-objects.ts";

const folder = temporaryFolder("acceptance");
let kubernetes: Kubernetes;
let components: string;

const objectsIn = (text: string): readonly KubernetesObject[] =>
  parseAllDocuments(text).flatMap((document) => document.toJS() ?? []);

/** Its words, or nothing when it would take the object. */
const refusal = (object: KubernetesObject): Promise<string> =>
  kubernetes.client.apply(object, { dryRun: true }).then(
    () => "",
    (error: Error) => error.message,
  );

beforeAll(async () => {
  kubernetes = await startKubernetes({ cluster: "k3s-stages-prod", folder: folder.path });
  components = await fluxComponents();
  const theirs = await kustomize(await moduleFolder(upgradeController));
  await applyAll(kubernetes.client, [...objectsIn(components), ...(await foreignCrds()), ...theirs]);
});
afterAll(async () => {
  await kubernetes?.close();
  folder.remove();
});

const cases = fleets.flatMap(([name, fleet]) =>
  fleet.stages.map((stage) => ({ name, fleet, stage: stage.name, path: stage.path })),
);

describe("every rendered object is taken by server-side apply with strict field validation", () => {
  it.each(cases)("of $stage, configured as $name", async ({ fleet, stage, path }) => {
    const tree = mkdtempSync(join(folder.path, "tree-"));
    writeFiles(tree, stageFiles(fleet, stage, components));
    // The definitions of Flux itself are there already.
    const isTried = ({ kind }: KubernetesObject) => kind !== "CustomResourceDefinition";
    const objects = (await clusterObjects(tree, path)).filter(isTried);
    // Namespaces for real, because nothing can be tried in one that is not there.
    for (const object of objects.filter(({ kind }) => kind === "Namespace")) await kubernetes.client.apply(object);
    const refused = (await Promise.all(objects.map(refusal))).filter((words) => words !== "");
    expect(refused).toEqual([]);
    expect(objects.length).toBeGreaterThan(40);
  });
});

it("upgrades of k3s run as an account that their controller brings", async () => {
  const plans = fleets.flatMap(([, fleet]) => objectsOf(treeOf("prod", fleet)).filter(({ kind }) => kind === "Plan"));
  expect(plans).toHaveLength(2);
  for (const { object } of plans) {
    const { namespace } = object.metadata;
    const account = { apiVersion: "v1", kind: "ServiceAccount", name: object.spec.serviceAccountName, namespace };
    expect(await kubernetes.client.get(account)).toBeDefined();
  }
});

/** The first rendered object of the kind that is whole, and no patch. */
function rendered(kind: string): KubernetesObject {
  const isWhole = ({ path }: { readonly path: string }) => !/-patch\.yaml$|\/kustomization\.yaml$/.test(path);
  const objects = objectsOf(treeOf("prod", resolve(seedSources(everything))));
  const found = objects.find((each) => each.kind === kind && isWhole(each));
  if (!found) throw new Error(`no ${kind} is rendered`);
  return found.object;
}

function spoiled(kind: string, set: { readonly [path: string]: unknown }): KubernetesObject {
  const object = structuredClone(rendered(kind));
  for (const [path, value] of Object.entries(set)) {
    const keys = path.split(".");
    const last = keys.pop() ?? "";
    const place = keys.reduce<Record<string, unknown>>(
      (at, key) => at[key] as Record<string, unknown>,
      object as never,
    );
    if (value === undefined) delete place[last];
    else place[last] = value;
  }
  return object;
}

describe("a wrong object is refused", () => {
  const kinds = [...new Set(wrongObjects.map(([kind]) => kind))];

  it.each(kinds)("and would be taken without its mistake: %s", async (kind) => {
    const { metadata } = rendered(kind);
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: metadata.namespace ?? "default" } };
    await kubernetes.client.apply(namespace);
    expect(await refusal(rendered(kind))).toBe("");
  });

  it.each(wrongObjects)("%s with %s", async (kind, ...[, set, words]) => {
    expect(await refusal(spoiled(kind, set))).toMatch(words);
  });
});
