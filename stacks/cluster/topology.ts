import { addressAt, cidr } from "../config/cidr.ts";
import { nodeAddress, reservedAddresses } from "../config/crosscheck-cluster.ts";
import type { Cluster, Fleet, NodePool, Stage } from "../config/fleet.ts";

export type Role = "server" | "agent";

interface Labels {
  readonly [key: string]: string;
}

/** A machine at Hetzner. Its name is its identity; name, address and group follow from its pool and its number alone. */
export interface Node {
  readonly name: string;
  readonly role: Role;
  /** `server`, or the agents' pool. */
  readonly pool: string;
  readonly type: string;
  /** Raising it replaces the machine; name and address stay. */
  readonly generation: number;
  /** In the private network, fixed. */
  readonly address: string;
  readonly placementGroup: string;
  /** The API that it joins; none for the server that starts the cluster. */
  readonly join: string | undefined;
  readonly labels: Labels;
}

interface FirewallRule {
  readonly description: string;
  readonly protocol: "tcp" | "icmp";
  /** None for icmp. */
  readonly port: string | undefined;
  readonly sources: readonly string[];
}

/** One stage's cluster as Hetzner is to have it, before anything exists. */
export interface Topology {
  readonly cluster: string;
  readonly network: {
    readonly range: string;
    readonly subnets: readonly { readonly name: string; readonly range: string }[];
    readonly labels: Labels;
  };
  readonly firewall: { readonly rules: readonly FirewallRule[]; readonly labels: Labels };
  readonly placementGroups: readonly { readonly name: string; readonly labels: Labels }[];
  /** In front of the servers' API, for joins. None for a single server. */
  readonly loadBalancer: { readonly name: string; readonly address: string; readonly labels: Labels } | undefined;
  readonly nodes: readonly Node[];
  /** Names of the API in its certificate, beside those that k3s finds by itself. */
  readonly tlsSans: readonly string[];
}

interface Scope {
  readonly cluster: string;
  readonly stage: string;
}

interface Pool extends NodePool {
  readonly name: string;
  readonly role: Role;
}

/** Hetzner: "a spread placement group can have up to 10 servers". */
const spread = 10;

const labels = ({ cluster, stage }: Scope, role: string): Labels => ({
  cluster,
  stage,
  role,
  "managed-by": "k3s-stages",
});

/** The last of the addresses that no node ever gets, so that it stays free however many servers there are. */
const loadBalancerAddress = ({ servers }: Cluster): string => addressAt(cidr(servers.subnet), reservedAddresses - 1);

const api = (address: string): string => `https://${address}:6443`;

/** By the node's number alone: the provider cannot move a running server to another group. */
const groupName = (scope: Scope, pool: Pool, index: number): string =>
  `${scope.cluster}-${pool.name}-spread-${Math.floor(index / spread) + 1}`;

const firstGeneration = ({ servers }: Cluster): number => servers.generations[1] ?? 1;

/** Whether server 1, as it is now configured, begins with an etcd snapshot. */
export const restores = (cluster: Cluster): boolean => cluster.restore?.generation === firstGeneration(cluster);

/** Server 1, made again beside others, joins them: by starting a cluster it would start a second one. */
const starts = (cluster: Cluster): boolean =>
  cluster.servers.count === 1 || firstGeneration(cluster) === 1 || restores(cluster);

interface Joining {
  readonly join: string;
  /** Whether server 1 starts the cluster that the others join. */
  readonly starts: boolean;
}

function poolNodes(scope: Scope, pool: Pool, { join, starts: first }: Joining): readonly Node[] {
  const generation = (index: number): number => pool.generations[index + 1] ?? 1;
  return Array.from({ length: pool.count }, (_, index) => ({
    name: `${scope.cluster}-${pool.name}-${index + 1}`,
    role: pool.role,
    pool: pool.name,
    type: pool.type,
    generation: generation(index),
    address: nodeAddress(pool.subnet, index),
    placementGroup: groupName(scope, pool, index),
    join: pool.role === "server" && index === 0 && first ? undefined : join,
    labels: { ...labels(scope, pool.role), pool: pool.name, generation: String(generation(index)) },
  }));
}

function placementGroups(scope: Scope, pool: Pool): Topology["placementGroups"] {
  const shards = Array.from({ length: Math.ceil(pool.count / spread) }, (_, shard) => shard * spread);
  const own = { ...labels(scope, "placement-group"), pool: pool.name };
  return shards.map((index) => ({ name: groupName(scope, pool, index), labels: own }));
}

/** Public interfaces only: Hetzner's firewalls let everything pass in the private network. */
function firewallRules({ api: { allow } }: Cluster): readonly FirewallRule[] {
  const everyone = ["0.0.0.0/0", "::/0"];
  const rules: readonly FirewallRule[] = [
    { description: "HTTP to the apps", protocol: "tcp", port: "80", sources: everyone },
    { description: "HTTPS to the apps", protocol: "tcp", port: "443", sources: everyone },
    { description: "Kubernetes API", protocol: "tcp", port: "6443", sources: allow },
    { description: "path MTU discovery and ping", protocol: "icmp", port: undefined, sources: everyone },
  ];
  return rules.filter(({ sources }) => sources.length > 0);
}

/** A stage's node plan. Another pool's size or absence changes no name, address or group of a node. */
export function topology(fleet: Pick<Fleet, "project">, { name: stage, cluster }: Stage): Topology {
  const scope: Scope = { cluster: `${fleet.project}-${stage}`, stage };
  const servers: Pool = { ...cluster.servers, name: "server", role: "server" };
  const pools = [servers, ...cluster.pools.map((pool): Pool => ({ ...pool, role: "agent" }))];
  const balanced = servers.count > 1;
  const address = loadBalancerAddress(cluster);
  const join = api(balanced ? address : nodeAddress(servers.subnet, 0));
  const loadBalancer = { name: `${scope.cluster}-api`, address, labels: labels(scope, "load-balancer") };
  const subnets = pools.map((pool) => ({ name: `${scope.cluster}-${pool.name}`, range: pool.subnet }));
  return {
    cluster: scope.cluster,
    network: { range: cluster.network, subnets, labels: labels(scope, "network") },
    firewall: { rules: firewallRules(cluster), labels: labels(scope, "firewall") },
    placementGroups: pools.flatMap((pool) => placementGroups(scope, pool)),
    loadBalancer: balanced ? loadBalancer : undefined,
    nodes: pools.flatMap((pool) => poolNodes(scope, pool, { join, starts: starts(cluster) })),
    // Also for a single server: it may get company later, and joiners check the certificate for this address.
    tlsSans: [address],
  };
}
