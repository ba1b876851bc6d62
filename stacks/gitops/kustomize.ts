import type { KubeObject } from "./yaml.ts";

/** kustomize's own file, which says what a folder consists of. */
export interface Kustomize {
  readonly namespace?: string;
  readonly resources: readonly string[];
  readonly patches?: readonly object[];
}

export function kustomize(fields: Kustomize): KubeObject {
  return { apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization", ...fields };
}
