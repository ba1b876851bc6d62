/**
 * A cluster's objects as kustomize-controller would apply them from a rendered repository: from the cluster's own
 * kustomization.yaml through the Flux Kustomization `image-updater` to the image objects.
 */
import { posix } from "node:path";
import { parseAllDocuments } from "yaml";
import type { z } from "zod";
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

type Files = ReadonlyMap<string, string>;

/** One YAML document and the file it stands in. */
interface Manifest {
  readonly path: string;
  readonly value: unknown;
}

/** Name of the Flux Kustomization that brings the image objects. */
const imageUpdater = "image-updater";

const imageKinds = ["ImageRepository", "ImagePolicy", "ImageUpdateAutomation"];

const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;

const isA = ({ value }: Manifest, group: string, kind: string): boolean =>
  `${field(value, "apiVersion")}`.split("/")[0] === group && field(value, "kind") === kind;

const nameIn = ({ value }: Manifest): unknown => field(field(value, "metadata"), "name");

function documents(path: string, text: string): readonly Manifest[] {
  const parsed = parseAllDocuments(text);
  const broken = parsed.flatMap(({ errors }) => errors)[0];
  if (broken) throw new Error(`${path}: ${broken.message}`);
  const values: readonly unknown[] = parsed.map((document) => document.toJS());
  return values.filter((value) => value !== null).map((value) => ({ path, value }));
}

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

function kustomization(files: Files, folder: string): z.infer<typeof kustomizationFile> {
  const path = posix.join(folder, "kustomization.yaml");
  const text = files.get(path);
  if (text === undefined)
    throw new Error(`${path} is not in the repository, so nothing says what belongs to ${folder}`);
  const [first = { path, value: null }, second] = documents(path, text);
  if (second) throw new Error(`${path} has more than one document`);
  return checked(kustomizationFile, first);
}

/** What a folder's kustomization.yaml lists, folders in folders included. */
function build(files: Files, folder: string, trail: readonly string[] = []): readonly Manifest[] {
  if (trail.includes(folder)) throw new Error(`${folder}/kustomization.yaml leads back to itself`);
  return kustomization(files, folder).resources.flatMap((resource) => {
    const path = posix.join(folder, resource);
    const text = files.get(path);
    if (text !== undefined) return documents(path, text);
    const isFolder = [...files.keys()].some((file) => file.startsWith(`${path}/`));
    if (!isFolder) throw new Error(`${folder}/kustomization.yaml lists ${resource}, which is no file or folder here`);
    return build(files, path, [...trail, folder]);
  });
}

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
