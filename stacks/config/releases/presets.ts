import type { Chart } from "../infrastructure.ts";

/**
 * Charts that such a cluster needs, each with the version that was learned and where. Traefik is not one of them: k3s
 * brings it, and takes values for it.
 */
export type Preset = Pick<Chart, "name" | "source" | "chart" | "version" | "namespace">;

/**
 * Version and address: onedr0p/cluster-template ae73246 and onedr0p/home-ops d9078e4,
 * kubernetes/apps/cert-manager/cert-manager/app/ocirepository.yaml.
 */
export const certManager: Preset = {
  name: "cert-manager",
  source: { kind: "oci", url: "oci://quay.io/jetstack/charts/cert-manager" },
  chart: "cert-manager",
  version: "v1.21.1",
  namespace: "cert-manager",
};

/** Version and address as hcloud-csi's. No chart of the tree: nothing is scheduled before it runs. */
export const hcloudCcm: Preset = {
  name: "hcloud-cloud-controller-manager",
  source: { kind: "helm", url: "https://charts.hetzner.cloud" },
  chart: "hcloud-cloud-controller-manager",
  version: "1.33.0",
  namespace: "kube-system",
};

/**
 * Version: mysticaltech/terraform-hcloud-kube-hetzner 93f5330, locals.tf; Kubernetes 1.36 since 2.21.0. Address: the
 * driver's own docs/kubernetes/README.md.
 */
export const hcloudCsi: Preset = {
  name: "hcloud-csi",
  source: { kind: "helm", url: "https://charts.hetzner.cloud" },
  chart: "hcloud-csi",
  version: "2.21.2",
  namespace: "kube-system",
};

/** The chart installs its own CRDs only when asked to; they stay when the release goes, and the certificates with them. */
export const certManagerValues = { crds: { enabled: true, keep: true } };

/**
 * The node plugin asks Hetzner's metadata service for its server's id, which pods may not reach where it is fenced off;
 * the controller is told the location instead of asking (hetznercloud/csi-driver chart/values.yaml).
 */
export const hcloudCsiValues = (location: string) => ({
  controller: { hcloudVolumeDefaultLocation: location },
  node: { hostNetwork: true },
});

/** The chart of k3s's own, whose values a stage's `charts` may name like any other's. */
export const traefik = "traefik";

/** The ClusterIssuers that come with cert-manager's preset. */
export const acmeIssuers: readonly string[] = ["letsencrypt", "letsencrypt-staging"];
