/** What kustomize-controller would apply for a cluster: the root, and each Flux Kustomization that it leads to. */
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";
import type { KubernetesObject } from "./client.ts";

export interface Files {
  readonly [path: string]: string;
}

export function writeFiles(folder: string, files: Files): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

export async function kustomize(folder: string): Promise<readonly KubernetesObject[]> {
  const { stdout } = await promisify(execFile)("kubectl", ["kustomize", folder], { maxBuffer: 64 * 1024 * 1024 });
  return parseAllDocuments(stdout).flatMap((document) => document.toJS() ?? []);
}

/** Of this repository: what lies in others is theirs. */
const isSync = ({ apiVersion, kind, spec }: KubernetesObject) =>
  kind === "Kustomization" &&
  apiVersion.startsWith("kustomize.toolkit.fluxcd.io/") &&
  spec.sourceRef.name === "flux-system";

/** `targetNamespace` as kustomize-controller has it: kustomize's namespace transformer over the whole folder. */
const moved = (object: KubernetesObject, namespace: string | undefined): KubernetesObject =>
  namespace === undefined ? object : { ...object, metadata: { ...object.metadata, namespace } };

export async function clusterObjects(folder: string, path: string): Promise<readonly KubernetesObject[]> {
  const root = await kustomize(join(folder, path));
  const syncs = root.filter(isSync).filter(({ metadata }) => metadata.name !== "flux-system");
  const below = await Promise.all(
    syncs.map(async ({ spec }) => {
      const objects = await kustomize(join(folder, posix.join(spec.path)));
      return objects.map((object) => moved(object, spec.targetNamespace));
    }),
  );
  return [...root, ...below.flat()];
}
