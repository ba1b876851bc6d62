import type { Cluster } from "../config/cluster.ts";
import { hcloudCcm, hcloudCsi, hcloudCsiValues, type Preset } from "../config/releases/presets.ts";
import { podRange } from "./k3s-config.ts";

/** k3s' own way to install a chart (k3s-io/helm-controller, pkg/apis/helm.cattle.io/v1). */
export interface HelmChart {
  readonly apiVersion: "helm.cattle.io/v1";
  readonly kind: "HelmChart";
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly repo: string;
    readonly chart: string;
    readonly version: string;
    readonly targetNamespace: string;
    readonly bootstrap?: true;
    readonly valuesContent: string;
  };
}

/** Values as JSON, which is YAML too. `bootstrap` installs where nothing else may be scheduled yet. */
function helmChart({ name, source, chart, version, namespace }: Preset, values: object, bootstrap: boolean): HelmChart {
  return {
    apiVersion: "helm.cattle.io/v1",
    kind: "HelmChart",
    metadata: { name, namespace },
    spec: {
      repo: source.url,
      chart,
      version,
      targetNamespace: namespace,
      ...(bootstrap ? { bootstrap } : {}),
      valuesContent: JSON.stringify(values),
    },
  };
}

/**
 * Nodes get their addresses and their server's id from it, and leave the cluster with their server. Pods are routed by
 * flannel and load balancers come from servicelb, so it is told to leave both; whether the server is in the network
 * needs no answer from the metadata service (hetznercloud/hcloud-cloud-controller-manager, internal/config).
 */
const ccmValues = {
  networking: { enabled: true, clusterCIDR: podRange },
  env: {
    HCLOUD_NETWORK_ROUTES_ENABLED: { value: "false" },
    HCLOUD_NETWORK_DISABLE_ATTACHED_CHECK: { value: "true" },
    HCLOUD_LOAD_BALANCERS_ENABLED: { value: "false" },
  },
};

/** k3s installs them, and brings them to another version when these change. Both read the Secret kube-system/hcloud (token, network), which is handed over once the API is up. */
export function cloudCharts({ cloudProvider, location }: Cluster): readonly HelmChart[] {
  if (cloudProvider === "none") return [];
  return [helmChart(hcloudCcm, ccmValues, true), helmChart(hcloudCsi, hcloudCsiValues(location), false)];
}
