import type { Node, Role } from "../cluster/plan/machine.ts";
import { keepsType } from "../cluster/replacements.ts";
import type { Topology } from "../cluster/topology.ts";
import type { Stage } from "../config/fleet.ts";
import type { Existing, Kind, Snapshot } from "./snapshot.ts";

/** Where in the stage's file a demand comes from. */
export type Path = readonly string[];

export interface ServerDemand {
  readonly name: string;
  readonly role: Role | "gateway";
  readonly type: string;
  /** Whether it gets another type only by being made again. */
  readonly keepsType: boolean;
  readonly generation: number;
  readonly location: string;
  readonly path: Path;
}

export interface LoadBalancerDemand {
  readonly name: string;
  readonly type: string;
  readonly location: string;
  /** Names of the machines behind it. */
  readonly targets: readonly string[];
  /** It listens on these, and asks each target for each. */
  readonly ports: readonly number[];
}

/** What a stage asks of Hetzner, as its plan and its file say it. */
export interface Demand {
  readonly stage: string;
  readonly file: string;
  readonly cluster: string;
  readonly image: string;
  readonly servers: readonly ServerDemand[];
  readonly loadBalancers: readonly LoadBalancerDemand[];
  /** Where each public IPv4 address is; every one costs something. */
  readonly addresses: readonly string[];
  /** Everything that is made by name. */
  readonly names: readonly { readonly kind: Kind; readonly name: string }[];
  /** Names of the placement groups. */
  readonly groups: ReadonlySet<string>;
}

const typePath = ({ role, pool }: Node): Path =>
  role === "server" ? ["cluster", "servers", "type"] : ["cluster", "pools", pool, "type"];

function servers({ nodes, gateway }: Topology): readonly ServerDemand[] {
  const members = nodes.map((node): ServerDemand => {
    const { name, role, type, generation, location } = node;
    return { name, role, type, generation, location, keepsType: keepsType(nodes, node), path: typePath(node) };
  });
  if (!gateway) return members;
  const { name, type, location } = gateway;
  const path = ["cluster", "gateway", "type"];
  return [...members, { name, type, location, role: "gateway", generation: 1, keepsType: false, path }];
}

function names(plan: Topology): Demand["names"] {
  const { cluster, gateway, nodes, placementGroups, loadBalancers, addresses } = plan;
  const out = gateway ? [gateway] : [];
  const all = (kind: Kind, from: readonly { readonly name: string }[]) => from.map(({ name }) => ({ kind, name }));
  return [
    { kind: "networks", name: cluster },
    ...all("firewalls", [{ name: cluster }, ...out]),
    ...all("placement_groups", placementGroups),
    ...all("load_balancers", loadBalancers),
    ...all("primary_ips", addresses),
    ...all("servers", [...nodes, ...out]),
  ];
}

export function demandOf({ name: stage, cluster: { image } }: Stage, plan: Topology): Demand {
  return {
    ...{ stage, file: `Pulumi.${stage}.yaml`, cluster: plan.cluster, image },
    servers: servers(plan),
    loadBalancers: plan.loadBalancers.map(({ name, type, location, targets, ports }) => ({
      ...{ name, type, location, targets, ports },
    })),
    addresses: plan.addresses.map(({ location }) => location),
    names: names(plan),
    groups: new Set(plan.placementGroups.map(({ name }) => name)),
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
