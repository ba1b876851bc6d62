import { keepsType } from "../cluster/replacements.ts";
import type { Role, Topology } from "../cluster/topology.ts";
import type { Stage } from "../config/fleet.ts";
import type { Existing, Kind, Snapshot } from "./snapshot.ts";

/** Where in the stage's file a demand comes from. */
export type Path = readonly string[];

export interface ServerDemand {
  readonly name: string;
  readonly role: Role;
  readonly type: string;
  /** Whether it gets another type only by being made again. */
  readonly keepsType: boolean;
  readonly generation: number;
  readonly location: string;
  readonly ipv4: boolean;
  readonly path: Path;
}

export interface LoadBalancerDemand {
  readonly name: string;
  readonly type: string;
  readonly location: string;
  readonly targets: number;
  readonly services: number;
}

/** What a stage asks of Hetzner, as its plan and its file say it. */
export interface Demand {
  readonly stage: string;
  readonly file: string;
  readonly cluster: string;
  readonly image: string;
  readonly servers: readonly ServerDemand[];
  readonly loadBalancers: readonly LoadBalancerDemand[];
  /** Everything that is made by name. */
  readonly names: readonly { readonly kind: Kind; readonly name: string }[];
  readonly subnets: number;
  /** How many servers each placement group gets. */
  readonly groups: ReadonlyMap<string, number>;
}

const typePath = ({ role, pool }: { readonly role: Role; readonly pool: string }): Path =>
  role === "server" ? ["cluster", "servers", "type"] : ["cluster", "pools", pool, "type"];

function loadBalancers({ loadBalancer, nodes }: Topology, { cluster }: Stage): readonly LoadBalancerDemand[] {
  if (!loadBalancer) return [];
  const targets = nodes.filter(({ role }) => role === "server").length;
  const { loadBalancer: type, location } = cluster;
  return [{ name: loadBalancer.name, type, location, targets, services: 1 }];
}

function names(plan: Topology, balancers: readonly LoadBalancerDemand[]): Demand["names"] {
  const all = (kind: Kind, from: readonly { readonly name: string }[]) => from.map(({ name }) => ({ kind, name }));
  return [
    { kind: "networks", name: plan.cluster },
    { kind: "firewalls", name: plan.cluster },
    ...all("placement_groups", plan.placementGroups),
    ...all("load_balancers", balancers),
    ...all("primary_ips", plan.nodes),
    ...all("servers", plan.nodes),
  ];
}

export function demandOf(stage: Stage, plan: Topology): Demand {
  const { location, image } = stage.cluster;
  const balancers = loadBalancers(plan, stage);
  const groups = Map.groupBy(plan.nodes, ({ placementGroup }) => placementGroup);
  return {
    ...{ stage: stage.name, file: `Pulumi.${stage.name}.yaml`, cluster: plan.cluster, image },
    servers: plan.nodes.map((node) => {
      const { name, role, type, generation } = node;
      const kept = keepsType(plan.nodes, node);
      return { name, role, type, generation, keepsType: kept, location, ipv4: true, path: typePath(node) };
    }),
    loadBalancers: balancers,
    names: names(plan, balancers),
    subnets: plan.network.subnets.length,
    groups: new Map([...groups].map(([group, members]) => [group, members.length])),
  };
}

/** Made by this program for this cluster, by its labels. A name alone proves nothing. */
export const isOurs = ({ labels }: Pick<Existing, "labels">, { cluster }: Pick<Demand, "cluster">): boolean =>
  labels["cluster"] === cluster && labels["managed-by"] === "k3s-stages";

/** Whether a server is there and stays: ours, and of the generation that is wanted. */
export const lives = (there: Existing | undefined, { generation }: ServerDemand, demand: Demand): there is Existing =>
  there !== undefined && isOurs(there, demand) && (there.labels["generation"] ?? "1") === String(generation);

/** With the types that living servers keep, whatever is configured by now (stacks/cluster/replacements.ts). */
export function settled(demand: Demand, { existing }: Snapshot): Demand {
  const servers = demand.servers.map((server) => {
    const there = existing.servers?.find(({ name }) => name === server.name);
    return server.keepsType && lives(there, server, demand) ? { ...server, type: there.type ?? server.type } : server;
  });
  return { ...demand, servers };
}
