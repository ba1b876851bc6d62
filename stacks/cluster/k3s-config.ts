import type { Cluster } from "../config/cluster.ts";
import { apiServerFlags, cipherSuites } from "./api-server.ts";
import type { NodePlan } from "./node-settings.ts";
import type { Role } from "./plan/machine.ts";

/** Of pods; the cloud controller manager has to know it too. k3s' own default. */
export const podRange = "10.42.0.0/16";

/** All about the store comes from a Secret, which k3s reads once its API is up (k3s-io/docs, etcd-snapshot). */
const snapshotFlags = ({ snapshots }: Cluster) =>
  snapshots
    ? {
        "etcd-snapshot-schedule-cron": snapshots.schedule,
        "etcd-snapshot-retention": snapshots.retention,
        "etcd-snapshot-compress": true,
        "etcd-s3": true,
        "etcd-s3-config-secret": "k3s-etcd-snapshot-s3-config",
      }
    : {};

/** Without k3s' own controller nodes stay tainted until Hetzner's has seen them, so never one without the other. */
const cloudFlags = ({ cloudProvider }: Cluster) =>
  cloudProvider === "hcloud" ? { "disable-cloud-controller": true } : {};

/** Settings that k3s wants equal on every server, else a joiner exits (k3s-io/docs datastore/ha-embedded.md). */
const serverFlags = ({ topology: { tlsSans }, apiAddress, stage: { cluster } }: NodePlan) => ({
  "cluster-cidr": podRange,
  "service-cidr": "10.43.0.0/16",
  "secrets-encryption": true,
  "tls-san": [...new Set([...tlsSans, apiAddress])],
  "write-kubeconfig-mode": "0600",
  "kube-apiserver-arg": apiServerFlags,
  "kube-controller-manager-arg": ["terminated-pod-gc-threshold=100"],
  ...cloudFlags(cluster),
  ...snapshotFlags(cluster),
});

/** What pods never get: a server's share is k3s with its API server and etcd. */
const reserved: { readonly [R in Role]: string } = {
  server: "kube-reserved=cpu=250m,memory=768Mi,ephemeral-storage=1Gi",
  agent: "kube-reserved=cpu=100m,memory=256Mi,ephemeral-storage=1Gi",
};

const kubeletFlags = (role: Role, { cloudProvider }: Cluster): readonly string[] => [
  reserved[role],
  "system-reserved=cpu=100m,memory=256Mi,ephemeral-storage=1Gi",
  "pod-max-pids=4096",
  "streaming-connection-idle-timeout=5m",
  cipherSuites,
  ...(cloudProvider === "hcloud" ? ["cloud-provider=external"] : []),
];

/** /etc/rancher/k3s/config.yaml. k3s ignores cluster-init and server once a node has its data, so it stays for ever. */
export function k3sConfig(plan: NodePlan): object {
  const { node, secrets, stage } = plan;
  const { labels, taints } = node.kubernetes;
  const nodeLabels = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return {
    "node-name": node.name,
    "node-ip": node.address,
    ...(node.join === undefined ? { "cluster-init": true } : { server: node.join }),
    token: secrets.kind === "agent" ? secrets.agentToken : secrets.serverToken,
    ...(nodeLabels.length > 0 ? { "node-label": nodeLabels } : {}),
    ...(taints.length > 0 ? { "node-taint": taints } : {}),
    "protect-kernel-defaults": true,
    "kubelet-arg": kubeletFlags(node.role, stage.cluster),
    ...(node.role === "server" ? { "advertise-address": node.address, ...serverFlags(plan) } : {}),
  };
}

/**
 * What a kubelet that protects the kernel's defaults wants to find (k3s-io/docs, security/hardening-guide); it does not
 * start where one differs.
 */
export const kernelSettings = `vm.panic_on_oom=0
vm.overcommit_memory=1
kernel.panic=10
kernel.panic_on_oops=1
`;
