import type { Upgrades } from "../config/cluster.ts";
import { wholeFolder } from "./kustomize.ts";
import { fluxNamespace, upgradesPath } from "./names.ts";
import type { Target } from "./target.ts";
import type { UpgradeVersions } from "./versions.ts";
import type { KubeObject, Manifests } from "./yaml.ts";

/** The controller's own namespace and account; its manifests name them (rancher/system-upgrade-controller manifests). */
const namespace = "system-upgrade";
const image = "rancher/k3s-upgrade";
const controlPlane = "node-role.kubernetes.io/control-plane";

function window(upgrades: Upgrades): object {
  if (!upgrades.window) return {};
  const { days, start, end, timeZone } = upgrades.window;
  return { window: { days, startTime: start, endTime: end, timeZone } };
}

const plan = (name: string, spec: object): KubeObject => ({
  apiVersion: "upgrade.cattle.io/v1",
  kind: "Plan",
  metadata: { name, namespace },
  spec: { concurrency: 1, serviceAccountName: namespace, ...spec },
});

const selected = (operator: "Exists" | "DoesNotExist") => ({
  nodeSelector: { matchExpressions: [{ key: controlPlane, operator }] },
});

/** Servers one by one, each after a snapshot of its etcd; an exact version, never a channel (k3s-io/k3s#14530). */
function plans(upgrades: Upgrades, { k3s: version }: UpgradeVersions): readonly KubeObject[] {
  const snapshot = ["/usr/local/bin/k3s", "etcd-snapshot", "save", "--name", "before-upgrade"];
  const common = { version, upgrade: { image }, ...window(upgrades) };
  return [
    plan("k3s-server", {
      ...selected("Exists"),
      tolerations: [{ operator: "Exists" }],
      // The node's root is mounted there (pkg/upgrade/container).
      prepare: { image, command: ["chroot", "/host", ...snapshot] },
      cordon: true,
      ...common,
    }),
    plan("k3s-agent", {
      ...selected("DoesNotExist"),
      tolerations: [{ operator: "Exists" }],
      // Ends when the plan for servers has (k3s-io/k3s-upgrade scripts/upgrade.sh, prepare).
      prepare: { image, args: ["prepare", "k3s-server"] },
      drain: { force: true, deleteEmptydirData: true, ignoreDaemonSets: true, skipWaitForDeleteTimeout: 60 },
      ...common,
    }),
  ];
}

/** The plans of a stage that has upgrades. */
export function upgradeFiles({ stage, upgrades: versions }: Target): Manifests {
  const { upgrades } = stage.cluster;
  return wholeFolder(upgradesPath(stage.path), upgrades ? [["plans.yaml", plans(upgrades, versions)]] : []);
}

/** The controller from its own repository, by commit; its tag's manifests name an older image. It makes its CRD itself. */
export function controllerObjects({ api, upgrades }: Target): readonly KubeObject[] {
  const { version, commit } = upgrades.systemUpgradeController;
  const metadata = { name: "system-upgrade", namespace: fluxNamespace };
  const ignore = "/*\n!/kustomization.yaml\n!/manifests\n";
  return [
    {
      apiVersion: api.source,
      kind: "GitRepository",
      metadata,
      spec: {
        interval: "24h",
        url: "https://github.com/rancher/system-upgrade-controller",
        ref: { tag: version, commit },
        ignore,
      },
    },
    {
      apiVersion: api.kustomize,
      kind: "Kustomization",
      metadata,
      spec: {
        interval: "1h",
        retryInterval: "1m",
        timeout: "5m",
        path: "./",
        sourceRef: { kind: "GitRepository", name: metadata.name },
        images: [{ name: "rancher/system-upgrade-controller", newTag: version }],
        prune: true,
        wait: true,
      },
    },
  ];
}
