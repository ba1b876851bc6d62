import type { App, Repository } from "../config/fleet.ts";
import type { Folder } from "../config/infrastructure.ts";
import {
  chartsPath,
  fluxNamespace,
  imageUpdaterPath,
  infrastructurePath,
  issuersPath,
  notificationsPath,
  overlayPath,
  readSource,
  upgradesPath,
} from "./names.ts";
import type { Target } from "./target.ts";
import type { KubeObject } from "./yaml.ts";

interface Sync {
  readonly name: string;
  readonly path: string;
  readonly dependsOn?: readonly string[];
  readonly interval?: string;
  readonly targetNamespace?: string | undefined;
  readonly decryption?: Repository["decryption"];
  /** Ready then means healthy, which is what a dependent needs. */
  readonly wait: boolean;
}

/** A Flux Kustomization. `prune`, or an automation would go on pushing after its app is gone. */
function sync(args: Sync, { api }: Target): KubeObject {
  const { name, path, dependsOn = [], interval = "5m", targetNamespace, decryption, wait } = args;
  return {
    apiVersion: api.kustomize,
    kind: "Kustomization",
    metadata: { name, namespace: fluxNamespace },
    spec: {
      ...(dependsOn.length > 0 ? { dependsOn: dependsOn.map((each) => ({ name: each })) } : {}),
      interval,
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
  return sync({ name: "image-updater", path, dependsOn: [infrastructure], wait: false }, target);
}

export function appSync({ name, namespace, decryption }: App, target: Target): KubeObject {
  return sync(
    {
      name,
      path: overlayPath(name, target.stage.name),
      dependsOn: [infrastructure],
      targetNamespace: namespace,
      decryption: decryption ?? target.repository.decryption,
      wait: true,
    },
    target,
  );
}

/** No app waits for a chart: a release that fails must not stop deployments. */
export function chartsSync(target: Target): KubeObject {
  return sync({ name: "charts", path: chartsPath(target.stage.path), dependsOn: [infrastructure], wait: true }, target);
}

/** After the charts, which bring the kind ClusterIssuer; until then a dry run would fail. */
export function issuersSync(target: Target): KubeObject {
  return sync({ name: "issuers", path: issuersPath(target.stage.path), dependsOn: ["charts"], wait: true }, target);
}

/** Nothing waits for it: whoever cannot be told must not stop what there is to tell. */
export function notificationsSync(target: Target): KubeObject {
  const path = notificationsPath(target.stage.path);
  return sync({ name: "notifications", path, dependsOn: [infrastructure], wait: false }, target);
}

/** After the controller, which brings the kind Plan. */
export function upgradesSync(target: Target): KubeObject {
  const path = upgradesPath(target.stage.path);
  return sync({ name: "k3s-upgrade", path, dependsOn: ["system-upgrade"], wait: false }, target);
}

/** For a folder that people own. */
export const folderSync = (folder: Folder, target: Target): KubeObject => sync(folder, target);
