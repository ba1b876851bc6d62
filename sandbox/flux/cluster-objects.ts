/**
 * A cluster's objects as kustomize-controller would apply them from a rendered repository: from the cluster's own
 * kustomization.yaml through the Flux Kustomization `image-updater` to the image objects.
 */
import { posix } from "node:path";
import type { z } from "zod";
import { type Files, field, folderManifests, isA, type Manifest, nameIn } from "../../stacks/tree/manifests.ts";
import {
  fluxKustomization,
  type GitRepository,
  gitRepository,
  type ImagePolicy,
  type ImageRepository,
  type ImageUpdateAutomation,
  imageGroup,
  imagePolicy,
  imageRepository,
  imageUpdateAutomation,
  kustomizationFile,
} from "./objects.ts";

export interface ClusterObjects {
  readonly repositories: readonly ImageRepository[];
  readonly policies: readonly ImagePolicy[];
  readonly automations: readonly ImageUpdateAutomation[];
  readonly sources: readonly GitRepository[];
}

/** Name of the Flux Kustomization that brings the image objects. */
const imageUpdater = "image-updater";

const imageKinds = ["ImageRepository", "ImagePolicy", "ImageUpdateAutomation"];

/** @throws Error that names the file and every field that is not understood */
function checked<S extends z.ZodType>(schema: S, { path, value }: Manifest): z.infer<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const name = `${field(value, "kind")} ${nameIn({ path, value }) ?? ""}`.trim();
  const problems = result.error.issues.map(
    (issue) => `\n  ${[...issue.path, ""].join(".").slice(0, -1)}: ${issue.message}`,
  );
  throw new Error(`${path}: ${name} is not understood by this stand-in:${problems.join("")}`);
}

/** Nothing is generated: every folder of the rendered repository says what belongs to it. */
const build = (files: Files, folder: string): readonly Manifest[] =>
  folderManifests(files, folder, {
    generates: false,
    isWhole: true,
    resources: (file) => checked(kustomizationFile, file).resources,
  });

/** The image objects; a cluster that syncs nothing but Flux itself has none. */
function imageManifests(files: Files, root: readonly Manifest[], cluster: string): readonly Manifest[] {
  const syncs = root.filter((manifest) => isA(manifest, "kustomize.toolkit.fluxcd.io", "Kustomization"));
  const updater = syncs.find((sync) => nameIn(sync) === imageUpdater);
  if (updater) return build(files, posix.join(checked(fluxKustomization, updater).spec.path));
  if (syncs.every((sync) => nameIn(sync) === "flux-system")) return [];
  throw new Error(`${cluster}/kustomization.yaml leads to no Flux Kustomization named ${imageUpdater}`);
}

function assertImageKinds(manifests: readonly Manifest[]): void {
  for (const { path, value } of manifests) {
    const kind = `${field(value, "kind")}`;
    const isImage = `${field(value, "apiVersion")}`.startsWith(`${imageGroup}/`);
    if (isImage && !imageKinds.includes(kind)) throw new Error(`${path}: there is no kind ${kind} in ${imageGroup}`);
  }
}

/** @throws Error that names the file and what in it is missing or not understood */
export function clusterObjects(files: Files, cluster: string): ClusterObjects {
  const root = build(files, cluster);
  const all = [...root, ...imageManifests(files, root, cluster)];
  assertImageKinds(all);
  const read = <S extends z.ZodType>(group: string, kind: string, schema: S) =>
    all.filter((manifest) => isA(manifest, group, kind)).map((manifest) => checked(schema, manifest));
  return {
    repositories: read(imageGroup, "ImageRepository", imageRepository),
    policies: read(imageGroup, "ImagePolicy", imagePolicy),
    automations: read(imageGroup, "ImageUpdateAutomation", imageUpdateAutomation),
    sources: read("source.toolkit.fluxcd.io", "GitRepository", gitRepository),
  };
}
