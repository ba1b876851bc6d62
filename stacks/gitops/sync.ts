import type { Repository } from "../config/fleet.ts";
import { fluxNamespace, imageUpdaterPath, infrastructurePath, overlayPath, readSource } from "./names.ts";
import type { Target } from "./target.ts";
import type { KubeObject } from "./yaml.ts";

interface Sync {
  readonly name: string;
  readonly path: string;
  readonly dependsOn?: string;
  readonly targetNamespace?: string;
  readonly decryption?: Repository["decryption"];
  /** Ready then means healthy, which is what a dependent needs. */
  readonly wait: boolean;
}

/** A Flux Kustomization. `prune`, or an automation would go on pushing after its app is gone. */
function sync({ name, path, dependsOn, targetNamespace, decryption, wait }: Sync, { api }: Target): KubeObject {
  return {
    apiVersion: api.kustomize,
    kind: "Kustomization",
    metadata: { name, namespace: fluxNamespace },
    spec: {
      ...(dependsOn ? { dependsOn: [{ name: dependsOn }] } : {}),
      interval: "5m",
      retryInterval: "1m",
      timeout: "5m",
      path: `./${path}`,
      sourceRef: { kind: "GitRepository", name: readSource },
      ...(targetNamespace ? { targetNamespace } : {}),
      ...(decryption ? { decryption: { provider: "sops", secretRef: { name: decryption.secret } } } : {}),
      prune: true,
      wait,
    },
  };
}

const infrastructure = "infrastructure";

/** Namespaces, and what the apps need before they start. */
export function infrastructureSync(target: Target): KubeObject {
  const path = infrastructurePath(target.stage.path);
  return sync({ name: infrastructure, path, decryption: target.repository.decryption, wait: true }, target);
}

/** Nothing waits for it: a policy that has no tag yet is not ready, and that is no failure. */
export function imageUpdaterSync(target: Target): KubeObject {
  const path = imageUpdaterPath(target.stage.path);
  return sync({ name: "image-updater", path, dependsOn: infrastructure, wait: false }, target);
}

export function appSync({ name, namespace }: { readonly name: string; readonly namespace: string }, target: Target) {
  return sync(
    {
      name,
      path: overlayPath(name, target.stage.name),
      dependsOn: infrastructure,
      targetNamespace: namespace,
      decryption: target.repository.decryption,
      wait: true,
    },
    target,
  );
}
