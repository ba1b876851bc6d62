import type { core } from "@pulumi/kubernetes/types/input.js";
import type { App } from "../config/fleet.ts";
import { chartFiles, issuerFiles } from "./charts.ts";
import { appImages, imageUpdater } from "./image-automation.ts";
import { kustomize, wholeFolder } from "./kustomize.ts";
import { infrastructurePath } from "./names.ts";
import { notificationFiles } from "./notifications.ts";
import {
  appSync,
  chartsSync,
  folderSync,
  imageUpdaterSync,
  infrastructureSync,
  issuersSync,
  notificationsSync,
  upgradesSync,
} from "./sync.ts";
import type { Target } from "./target.ts";
import { controllerObjects, upgradeFiles } from "./upgrades.ts";
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
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, annotations } } satisfies core.v1.Namespace;
}

/** Namespaces that every cluster has; they are not ours to describe. */
const builtIn = ["default", "flux-system", "kube-system"];

function infrastructure({ stage }: Target): Manifests {
  const { charts, folders } = stage.infrastructure;
  const used = [...stage.apps, ...charts].map((each) => each.namespace);
  const targets = folders.flatMap(({ targetNamespace }) => targetNamespace ?? []);
  const namespaces = [...new Set([...used, ...targets])].filter((name) => !builtIn.includes(name)).toSorted();
  return wholeFolder(infrastructurePath(stage.path), [["namespaces.yaml", namespaces.map(namespace)]]);
}

/** A Flux Kustomization in a file of its own below the root, and the files of ours that it applies. */
interface Section {
  readonly file: string;
  readonly sync: KubeObject;
  /** Beside it in its file. */
  readonly objects?: readonly KubeObject[];
  readonly files: Manifests;
}

/** Nothing for a folder that has nothing in it: Flux would report it as missing. */
function section(file: string, sync: KubeObject, files: Manifests): readonly Section[] {
  return files.length > 0 ? [{ file, sync, files }] : [];
}

function beside(target: Target): readonly Section[] {
  const { folders } = target.stage.infrastructure;
  return [
    ...section("charts.yaml", chartsSync(target), chartFiles(target)),
    ...section("issuers.yaml", issuersSync(target), issuerFiles(target)),
    ...section("notifications.yaml", notificationsSync(target), notificationFiles(target)),
    ...section("k3s-upgrade.yaml", upgradesSync(target), upgradeFiles(target)).map((upgrades) => ({
      ...upgrades,
      objects: controllerObjects(target),
    })),
    ...folders.map((folder) => {
      return { file: `kustomizations/${folder.name}.yaml`, sync: folderSync(folder, target), files: [] };
    }),
  ];
}

/** What Flux delivers to a cluster beside its apps; a stage with neither apps nor infrastructure has only Flux itself. */
function sections(target: Target): readonly Section[] {
  const rest = beside(target);
  if (rest.length === 0 && target.stage.apps.length === 0) return [];
  return [
    ...section("infrastructure.yaml", infrastructureSync(target), infrastructure(target)),
    ...section("image-updater.yaml", imageUpdaterSync(target), imageUpdater(target)),
    ...rest,
  ];
}

const appFile = (name: string): string => `apps/${name}.yaml`;

/** What brings one app to the cluster: its Flux Kustomization, and the objects by which a new tag becomes a commit. */
export const appDelivery = (app: App, target: Target): Manifests => [
  [`${target.stage.path}/${appFile(app.name)}`, [appSync(app, target)]],
  ...appImages(app, target),
];

/**
 * The folder that a cluster follows, without what `appDelivery` adds to it. Its root names the Flux Kustomizations one by
 * one, because without a kustomization.yaml Flux applies every file below, and would own all objects twice.
 */
export function clusterFolder(target: Target): Manifests {
  const { path, apps } = target.stage;
  const delivered = sections(target);
  const resources = ["flux-system", ...delivered.map(({ file }) => file), ...apps.map(({ name }) => appFile(name))];
  return [
    [`${path}/kustomization.yaml`, [kustomize({ resources })]],
    [`${fluxSystem(path)}/kustomization.yaml`, [kustomize({ resources: gotkFiles, patches: [retryPatch] })]],
    ...delivered.map(({ file, sync, objects = [] }) => [`${path}/${file}`, [...objects, sync]] as const),
    ...delivered.flatMap(({ files }) => files),
  ];
}
