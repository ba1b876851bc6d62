/**
 * A STAND-IN for Flux's source- and kustomize-controller: it follows the repository's head and makes the Kustomizations of
 * one cluster's root Ready at it. What it does not do: it builds and applies nothing but namespaces, decrypts nothing (it
 * only asks whether the key is there, under a name that Flux would take), prunes nothing, and has no intervals.
 */
import { posix } from "node:path";
import { type Files, field, folderManifests, isA, type Manifest, nameIn } from "../../stacks/tree/manifests.ts";
import { withWorkingCopy } from "../flux/working-copy.ts";
import { type Objects, place } from "./objects.ts";

export interface Following {
  readonly objects: Objects;
  /** Clone URL that takes the place of the one in the cluster. */
  readonly repository: string;
  readonly branch: string;
  /** The cluster's folder: `clusters/production`. */
  readonly path: string;
}

const namespace = "flux-system";
const at = (kind: string, name: string) => place(name, { kind, namespace });

const condition = (status: "True" | "False", message: string) => ({
  conditions: [
    { type: "Ready", status, reason: status === "True" ? "ReconciliationSucceeded" : "BuildFailed", message },
  ],
});

const build = (files: Files, folder: string): readonly Manifest[] =>
  folderManifests(files, folder, {
    generates: true,
    isWhole: true,
    resources: ({ value }) => (field(value, "resources") ?? []) as readonly string[],
  });

/** What keeps a Kustomization from being applied, in the controller's words. */
function obstacle(objects: Objects, files: Files, { value }: Manifest): string | undefined {
  const spec = field(value, "spec");
  const folder = posix.join(`${field(spec, "path")}`);
  if (![...files.keys()].some((path) => path.startsWith(`${folder}/`)))
    return `kustomization path not found: ${folder}`;
  const secret = field(field(field(spec, "decryption"), "secretRef"), "name");
  if (secret === undefined) return undefined;
  const found = objects.get(at("Secret", `${secret}`));
  if (!found) return `failed to get decryption Secret: Secret "${secret}" not found`;
  const hasKey = Object.keys((found["data"] ?? {}) as object).some((key) => key.endsWith(".agekey"));
  return hasKey ? undefined : `the Secret ${secret} has no key that ends in .agekey`;
}

function apply(objects: Objects, manifest: Manifest, status: object): void {
  const target = at("Kustomization", `${nameIn(manifest)}`);
  const { metadata } = objects.merge(target, { spec: field(manifest.value, "spec") });
  objects.merge(target, { status: { ...status, observedGeneration: metadata.generation } });
}

/** Those of `clusters/<c>/infrastructure`, beside which people's own objects may lie. */
function applyNamespaces(objects: Objects, files: Files, path: string): void {
  const manifests = build(files, posix.join(path, "infrastructure")).filter(
    (each) => field(each.value, "kind") === "Namespace",
  );
  for (const manifest of manifests)
    objects.merge(
      place(`${nameIn(manifest)}`, { kind: "Namespace" }),
      manifest.value as { readonly [key: string]: unknown },
    );
}

/** One reconciliation at a commit that was seen as the head. */
export async function reconcile({ objects, repository, branch, path }: Following, head: string): Promise<void> {
  const files = await withWorkingCopy({ repository, branch }, (copy) => copy.files());
  const revision = `${branch}@sha1:${head}`;
  objects.merge(at("GitRepository", namespace), {
    status: { ...condition("True", `stored artifact for revision '${revision}'`), artifact: { revision } },
  });
  const root = build(files, path).filter((each) => isA(each, "kustomize.toolkit.fluxcd.io", "Kustomization"));
  if (files.has(posix.join(path, "infrastructure", "kustomization.yaml"))) applyNamespaces(objects, files, path);
  for (const manifest of root) {
    const wrong = obstacle(objects, files, manifest);
    if (wrong) apply(objects, manifest, condition("False", wrong));
    else
      apply(objects, manifest, {
        ...condition("True", `Applied revision: ${revision}`),
        lastAppliedRevision: revision,
      });
  }
  const wanted = new Set(root.map((each) => `${nameIn(each)}`));
  const all = { kind: at("Kustomization", "").kind, namespace, name: undefined };
  for (const { metadata } of objects.list(all))
    if (!wanted.has(metadata.name)) objects.remove(at("Kustomization", metadata.name));
}
