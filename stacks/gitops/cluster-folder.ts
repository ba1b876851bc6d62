import { imageUpdater } from "./image-automation.ts";
import { kustomize } from "./kustomize.ts";
import { infrastructurePath } from "./names.ts";
import { appSync, imageUpdaterSync, infrastructureSync } from "./sync.ts";
import type { Target } from "./target.ts";
import type { KubeObject, Manifests } from "./yaml.ts";

const gotkFiles = ["gotk-components.yaml", "gotk-sync.yaml"];

const fluxSystem = (cluster: string): string => `${cluster}/flux-system`;

/** Files that `flux bootstrap` fills; it wants them to exist when the kustomization.yaml beside them does. */
export const placeholders = (cluster: string): readonly string[] =>
  gotkFiles.map((file) => `${fluxSystem(cluster)}/${file}`);

/** A push that lost a race is tried again after two minutes at most; Flux's own limit is fifteen (IAC#1090). */
const retryPatch = {
  target: { kind: "Deployment", name: "image-automation-controller" },
  patch: `- op: add
  path: /spec/template/spec/containers/0/args/-
  value: --max-retry-delay=2m
`,
};

/** Never pruned: with a namespace goes everything in it, volumes too. */
function namespace(name: string): KubeObject {
  const annotations = { "kustomize.toolkit.fluxcd.io/prune": "disabled" };
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, annotations } };
}

function infrastructure({ stage }: Target): Manifests {
  const at = infrastructurePath(stage.path);
  const namespaces = [...new Set(stage.apps.map((app) => app.namespace))].toSorted();
  return {
    [`${at}/namespaces.yaml`]: namespaces.map(namespace),
    [`${at}/kustomization.yaml`]: [kustomize({ resources: ["namespaces.yaml"] })],
  };
}

/** What delivers apps to a cluster; a stage without apps has only Flux itself. */
function delivery(target: Target): Manifests {
  const { path, apps } = target.stage;
  if (apps.length === 0) return {};
  const syncs = apps.map((app) => [`${path}/apps/${app.name}.yaml`, [appSync(app, target)]] as const);
  return {
    [`${path}/infrastructure.yaml`]: [infrastructureSync(target)],
    ...infrastructure(target),
    [`${path}/image-updater.yaml`]: [imageUpdaterSync(target)],
    ...imageUpdater(target),
    ...Object.fromEntries(syncs),
  };
}

/**
 * The folder that a cluster follows. Its root names the Flux Kustomizations one by one, because without a
 * kustomization.yaml Flux applies every file below, and would own all objects twice.
 */
export function clusterFolder(target: Target): Manifests {
  const { path, apps } = target.stage;
  const syncs = ["infrastructure.yaml", "image-updater.yaml", ...apps.map(({ name }) => `apps/${name}.yaml`)];
  const resources = ["flux-system", ...(apps.length > 0 ? syncs : [])];
  return {
    [`${path}/kustomization.yaml`]: [kustomize({ resources })],
    [`${fluxSystem(path)}/kustomization.yaml`]: [kustomize({ resources: gotkFiles, patches: [retryPatch] })],
    ...delivery(target),
  };
}
