import type { Cluster, NodePool } from "../../config/cluster.ts";
import { nodeAddress } from "../../config/crosscheck/cluster.ts";
import type { Node, Role } from "./machine.ts";
import { type Labels, labels, type Scope } from "./scope.ts";

export interface Pool extends NodePool {
  readonly name: string;
  readonly role: Role;
}

export interface PlacementGroup {
  readonly name: string;
  readonly labels: Labels;
}

/**
 * Hetzner: "a spread placement group can have up to 10 servers". It may hold servers of several locations: kube-hetzner's
 * example has its servers in three and one group (mysticaltech/terraform-hcloud-kube-hetzner#1762).
 */
const spread = 10;

/** By the node's number alone: the provider cannot move a running server to another group. */
const groupName = (scope: Scope, pool: Pool, index: number): string =>
  `${scope.cluster}-${pool.name}-spread-${Math.floor(index / spread) + 1}`;

const firstGeneration = ({ servers }: Cluster): number => servers.generations[1] ?? 1;

/** Whether server 1, as it is now configured, begins with an etcd snapshot. */
export const restores = (cluster: Cluster): boolean => cluster.restore?.generation === firstGeneration(cluster);

/** Server 1, made again beside others, joins them: by starting a cluster it would start a second one. */
export const starts = (cluster: Cluster): boolean =>
  cluster.servers.count === 1 || firstGeneration(cluster) === 1 || restores(cluster);

interface Joining {
  readonly join: string;
  /** Whether server 1 starts the cluster that the others join. */
  readonly starts: boolean;
}

export function poolNodes(scope: Scope, pool: Pool, { join, starts: first }: Joining): readonly Node[] {
  const generation = (index: number): number => pool.generations[index + 1] ?? 1;
  const isServer1 = (index: number): boolean => pool.role === "server" && index === 0;
  return Array.from({ length: pool.count }, (_, index) => ({
    name: `${scope.cluster}-${pool.name}-${index + 1}`,
    role: pool.role,
    pool: pool.name,
    type: pool.type,
    generation: generation(index),
    location: pool.locations[index % pool.locations.length] ?? "",
    address: nodeAddress(pool.subnet, index),
    placementGroup: groupName(scope, pool, index),
    join: isServer1(index) && first ? undefined : join,
    bootstraps: isServer1(index),
    public: pool.public,
    // Agents come and go with their pool's count; a server that goes takes a third of etcd with it.
    protect: scope.protect && pool.role === "server",
    kubernetes: { labels: pool.labels, taints: pool.taints },
    labels: { ...labels(scope, pool.role), pool: pool.name, generation: String(generation(index)) },
  }));
}

export function placementGroups(scope: Scope, pool: Pool): readonly PlacementGroup[] {
  const shards = Array.from({ length: Math.ceil(pool.count / spread) }, (_, shard) => shard * spread);
  const own = { ...labels(scope, "placement-group"), pool: pool.name };
  return shards.map((index) => ({ name: groupName(scope, pool, index), labels: own }));
}
