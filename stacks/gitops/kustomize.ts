import type { KubeObject, Manifests } from "./yaml.ts";

/** kustomize's own file, which says what a folder consists of. */
export interface Kustomize {
  readonly namespace?: string;
  readonly resources: readonly string[];
  readonly patches?: readonly object[];
}

export function kustomize(fields: Kustomize): KubeObject {
  return { apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization", ...fields };
}

export const inFolder = (folder: string, files: Manifests): Manifests =>
  files.map(([file, objects]) => [`${folder}/${file}`, objects]);

/** A folder's files, and the kustomization.yaml that lists them; nothing for a folder without any. */
export function wholeFolder(folder: string, files: Manifests): Manifests {
  if (files.length === 0) return [];
  const list = kustomize({ resources: files.map(([file]) => file) });
  return inFolder(folder, [...files, ["kustomization.yaml", [list]]]);
}
