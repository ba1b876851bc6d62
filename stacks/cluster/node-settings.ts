import type { Cluster } from "../config/cluster.ts";
import type { Repository, Stage } from "../config/fleet.ts";
import { artefact, type Hosts, officialHosts } from "../config/releases/artefacts.ts";
import type { Architecture, Pins, Tool } from "../config/releases/pins.ts";
import type { Node } from "./plan/machine.ts";
import { restores } from "./plan/pools.ts";
import type { Topology } from "./topology.ts";

/** A Secret of the Kubernetes API. */
export interface GivenSecret {
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly type: string;
  readonly stringData: { readonly [key: string]: string };
}

/** Of the server that bootstraps, for a cluster whose API nobody reaches to hand them over. */
type GivenSecrets = readonly GivenSecret[] | undefined;

/** What a node may know of its cluster's secrets: a server more than an agent, one that starts the cluster the authorities too. */
export type NodeSecrets =
  | {
      readonly kind: "first";
      readonly serverToken: string;
      /** PEM by path under /var/lib/rancher/k3s/server/tls. */
      readonly serverFiles: { readonly [path: string]: string };
      readonly given?: GivenSecrets;
      /** Where the etcd snapshot lies that this server begins with, for some hours. */
      readonly snapshot?: string | undefined;
    }
  | { readonly kind: "server"; readonly serverToken: string; readonly given?: GivenSecrets }
  | { readonly kind: "agent"; readonly agentToken: string };

export interface NodePlan {
  readonly node: Node;
  readonly topology: Topology;
  /** Where people and programs reach the Kubernetes API. */
  readonly apiAddress: string;
  readonly stage: Stage;
  readonly repository: Repository;
  readonly pins: Pins;
  readonly secrets: NodeSecrets;
}

/** In order: what a node goes through, each the name of a script in `node/`. */
export function nodePhases({ node, secrets, stage }: NodePlan): readonly string[] {
  const again = secrets.kind === "first" && restores(stage.cluster);
  const [snapshot, rejoin] = again ? [["restore"], ["rejoin"]] : [[], []];
  const join = node.join === undefined ? [] : ["join"];
  const given = secrets.kind !== "agent" && secrets.given ? ["credential"] : [];
  const flux = node.bootstraps ? ["flux"] : [];
  const cloud = stage.cluster.cloudProvider === "hcloud" ? ["cloud"] : [];
  const ground = ["private-ip", "preflight", "kernel", "fetch", "config"];
  return [...ground, ...join, ...snapshot, "start", ...rejoin, "ready", ...given, ...cloud, ...flux, "scrub"];
}

/** The hash in a token's secure form: of the authority that the joiner is to find. */
function authorityHash(secrets: NodeSecrets): string {
  const token = secrets.kind === "agent" ? secrets.agentToken : secrets.serverToken;
  return /^K10([0-9a-f]{64})::/.exec(token)?.[1] ?? "";
}

function bootstrapSettings({ url, bootstrap }: Repository) {
  if (bootstrap.kind === "git") return { bootstrap: "git", credential: url.startsWith("ssh://") ? "key" : "token" };
  const { kind, ...asked } = bootstrap;
  return { bootstrap: kind, credential: kind, ...asked };
}

function fluxSettings({ repository, stage: { path }, pins }: NodePlan) {
  return {
    url: repository.url,
    branch: repository.branch,
    path,
    ...bootstrapSettings(repository),
    decryption: repository.decryption?.secret ?? "",
    flux: `v${pins.flux.version}`,
  };
}

/** /etc/k3s-stages/node.env: what the scripts need to know, a `key=value` per line, no secret among them. */
export function nodeSettings(plan: NodePlan): string {
  const { node, secrets, topology } = plan;
  const settings = {
    phases: nodePhases(plan).join(" "),
    name: node.name,
    role: node.role,
    unit: node.role === "server" ? "k3s" : "k3s-agent",
    address: node.address,
    ...(node.public ? {} : { router: topology.network.router }),
    cloud: plan.stage.cluster.cloudProvider,
    ...(node.join === undefined ? {} : { join: node.join, ca_hash: authorityHash(secrets) }),
    ...(secrets.kind === "first" && restores(plan.stage.cluster)
      ? { snapshot: plan.stage.cluster.restore?.snapshot }
      : {}),
    ...(node.bootstraps ? fluxSettings(plan) : {}),
  };
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join("");
}

/** A mirror holds each release below its own host's name. */
const hostsOf = ({ mirror }: Cluster): Hosts =>
  mirror === undefined ? officialHosts : { github: `${mirror}/github.com`, helm: `${mirror}/get.helm.sh` };

const toolsOf: { readonly [R in Node["role"]]: readonly Tool[] } = {
  server: ["k3s", "helm", "k9s", "flux"],
  agent: ["k3s"],
};

/** Hetzner's CAX types are arm64, all others amd64. */
const architectureOf = ({ type }: Node): Architecture => (type.startsWith("cax") ? "arm64" : "amd64");

/**
 * /etc/k3s-stages/artefacts: tool, architecture, SHA-256, address, and the binary's place in the archive; `-` for none. A
 * node refuses what has no digest.
 */
export function nodeArtefacts({ node, pins, stage }: NodePlan): string {
  const hosts = hostsOf(stage.cluster);
  const architecture = architectureOf(node);
  const rows = toolsOf[node.role].map((tool) => {
    const { version, sha256 } = pins[tool];
    const { url, member } = artefact({ tool, version, architecture }, hosts);
    return [tool, architecture, sha256[architecture] ?? "-", url, member ?? "-"].join(" ");
  });
  return `${rows.join("\n")}\n`;
}
