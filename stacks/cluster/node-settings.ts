import { artefact } from "../config/artefacts.ts";
import type { Repository } from "../config/fleet.ts";
import { architectures, type Pins, type Tool } from "../config/pins.ts";
import { apiServerFlags } from "./api-server.ts";
import type { Node, Topology } from "./topology.ts";

/** What a node may know of its cluster's secrets: a server more than an agent, the first one the authorities too. */
export type NodeSecrets =
  | {
      readonly kind: "first";
      readonly serverToken: string;
      readonly agentToken: string;
      /** PEM by path under /var/lib/rancher/k3s/server/tls. */
      readonly serverFiles: { readonly [path: string]: string };
    }
  | { readonly kind: "server"; readonly serverToken: string; readonly agentToken: string }
  | { readonly kind: "agent"; readonly agentToken: string };

export interface NodePlan {
  readonly node: Node;
  readonly topology: Topology;
  /** Where people and programs reach the Kubernetes API. */
  readonly apiAddress: string;
  readonly repository: Repository;
  /** The cluster's folder in the repository. */
  readonly path: string;
  readonly pins: Pins;
  readonly secrets: NodeSecrets;
}

/** Settings that k3s wants equal on every server, else a joiner exits (k3s-io/docs datastore/ha-embedded.md). */
const serverFlags = ({ topology: { tlsSans }, apiAddress }: NodePlan) => ({
  "cluster-cidr": "10.42.0.0/16",
  "service-cidr": "10.43.0.0/16",
  "secrets-encryption": true,
  "tls-san": [...new Set([...tlsSans, apiAddress])],
  "write-kubeconfig-mode": "0600",
  "kube-apiserver-arg": apiServerFlags,
});

function join(secrets: NodeSecrets) {
  if (secrets.kind === "agent") return { token: secrets.agentToken };
  return { token: secrets.serverToken, "agent-token": secrets.agentToken };
}

/** /etc/rancher/k3s/config.yaml. k3s ignores cluster-init and server once a node has its data, so it stays for ever. */
export function k3sConfig(plan: NodePlan): object {
  const { node, secrets } = plan;
  const { labels, taints } = node.kubernetes;
  const nodeLabels = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return {
    "node-name": node.name,
    "node-ip": node.address,
    ...(node.join === undefined ? { "cluster-init": true } : { server: node.join }),
    ...join(secrets),
    ...(nodeLabels.length > 0 ? { "node-label": nodeLabels } : {}),
    ...(taints.length > 0 ? { "node-taint": taints } : {}),
    ...(node.role === "server" ? { "advertise-address": node.address, ...serverFlags(plan) } : {}),
  };
}

/** In order: what a node goes through, each the name of a script in `node/`. */
export function nodePhases({ kind }: NodeSecrets): readonly string[] {
  const [before, after] = kind === "first" ? [[], ["flux"]] : [["join"], []];
  return ["preflight", "private-ip", "fetch", "config", ...before, "start", "ready", ...after];
}

/** The hash in a token's secure form: of the authority that the joiner is to find. */
function authorityHash(secrets: NodeSecrets): string {
  const token = secrets.kind === "agent" ? secrets.agentToken : secrets.serverToken;
  return /^K10([0-9a-f]{64})::/.exec(token)?.[1] ?? "";
}

function fluxSettings({ repository, path, pins }: NodePlan) {
  return {
    url: repository.url,
    branch: repository.branch,
    path,
    credential: repository.url.startsWith("ssh://") ? "key" : "token",
    decryption: repository.decryption?.secret ?? "",
    flux: `v${pins.flux.version}`,
  };
}

/** /etc/k3s-stages/node.env: what the scripts need to know, a `key=value` per line, no secret among them. */
export function nodeSettings(plan: NodePlan): string {
  const { node, secrets, topology } = plan;
  const settings = {
    phases: nodePhases(secrets).join(" "),
    name: node.name,
    role: node.role,
    unit: node.role === "server" ? "k3s" : "k3s-agent",
    address: node.address,
    ...(node.public ? {} : { router: topology.network.router }),
    ...(node.join === undefined ? {} : { join: node.join, ca_hash: authorityHash(secrets) }),
    ...(secrets.kind === "first" ? fluxSettings(plan) : {}),
  };
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join("");
}

const toolsOf: { readonly [R in Node["role"]]: readonly Tool[] } = {
  server: ["k3s", "helm", "k9s", "flux"],
  agent: ["k3s"],
};

/**
 * /etc/k3s-stages/artefacts: tool, architecture, SHA-256, address, and the binary's place in the archive; `-` for none. A
 * node refuses what has no digest.
 */
export function nodeArtefacts({ node, pins }: NodePlan): string {
  const rows = toolsOf[node.role].flatMap((tool) =>
    architectures.map((architecture) => {
      const { version, sha256 } = pins[tool];
      const { url, member } = artefact({ tool, version, architecture });
      return [tool, architecture, sha256[architecture] ?? "-", url, member ?? "-"].join(" ");
    }),
  );
  return `${rows.join("\n")}\n`;
}
