import { addressAt, cidr } from "../config/cidr.ts";
import type { Cluster } from "../config/cluster.ts";
import { nodeAddress } from "../config/crosscheck/cluster.ts";
import type { Fleet, Stage } from "../config/fleet.ts";
import { type FirewallRule, firewallRules, gatewayRules } from "./plan/firewall.ts";
import { type LoadBalancer, loadBalancers, type Place, places } from "./plan/load-balancers.ts";
import type { Machine, Node } from "./plan/machine.ts";
import { type PlacementGroup, type Pool, placementGroups, poolNodes, starts } from "./plan/pools.ts";
import { type Labels, labels, reservedAddress, type Scope } from "./plan/scope.ts";

/** Translates for the nodes without a public address; nothing on the internet can begin to talk to it. */
export interface Gateway extends Machine {
  readonly rules: readonly FirewallRule[];
}

/** A public IPv4 address, named after the machine that has it. */
export type Address = Pick<Machine, "name" | "location" | "protect" | "labels">;

/** One stage's cluster as Hetzner is to have it, before anything exists. */
export interface Topology {
  readonly cluster: string;
  readonly network: {
    readonly range: string;
    /** Hetzner's own router in the network. */
    readonly router: string;
    readonly subnets: readonly { readonly name: string; readonly range: string }[];
    readonly labels: Labels;
  };
  readonly firewall: { readonly rules: readonly FirewallRule[]; readonly labels: Labels };
  readonly placementGroups: readonly PlacementGroup[];
  readonly addresses: readonly Address[];
  readonly gateway: Gateway | undefined;
  readonly loadBalancers: readonly LoadBalancer[];
  readonly nodes: readonly Node[];
  /** The Kubernetes API for people and programs. */
  readonly api: Place;
  /** Where the apps' DNS names point. */
  readonly ingress: Place;
  /** Names of the API in its certificate, beside the place where it is reached and those that k3s finds by itself. */
  readonly tlsSans: readonly string[];
  /** Whether the network and the load balancers are kept from being deleted. */
  readonly protect: boolean;
}

const api = (address: string): string => `https://${address}:6443`;

function gateway(scope: Scope, cluster: Cluster): Gateway | undefined {
  return (
    cluster.gateway && {
      ...cluster.gateway,
      name: `${scope.cluster}-gateway`,
      address: reservedAddress(cluster, "gateway"),
      protect: scope.protect,
      rules: gatewayRules,
      labels: labels(scope, "gateway"),
    }
  );
}

/** A stage's node plan. Another pool's size or absence changes no name, address or group of a node. */
export function topology(fleet: Pick<Fleet, "project">, { name: stage, cluster }: Stage): Topology {
  const { protect } = cluster;
  const scope: Scope = { cluster: `${fleet.project}-${stage}`, stage, protect };
  const servers: Pool = { ...cluster.servers, name: "server", role: "server" };
  const pools = [servers, ...cluster.pools.map((pool): Pool => ({ ...pool, role: "agent" }))];
  const joined = servers.count > 1 || cluster.api.via === "load-balancer";
  const address = reservedAddress(cluster, "api");
  const join = api(joined ? address : nodeAddress(servers.subnet, 0));
  const nodes = pools.flatMap((pool) => poolNodes(scope, pool, { join, starts: starts(cluster) }));
  const balancers = loadBalancers(scope, cluster, nodes);
  const out = gateway(scope, cluster);
  return {
    cluster: scope.cluster,
    network: {
      range: cluster.network,
      router: addressAt(cidr(cluster.network), 1),
      subnets: pools.map((pool) => ({ name: `${scope.cluster}-${pool.name}`, range: pool.subnet })),
      labels: labels(scope, "network"),
    },
    firewall: { rules: firewallRules(cluster), labels: labels(scope, "firewall") },
    placementGroups: pools.flatMap((pool) => placementGroups(scope, pool)),
    addresses: [...nodes.filter((node) => node.public), ...(out ? [out] : [])].map(
      // An address outlives its machine's generations.
      ({ name, location, protect: kept, labels: { generation: _, ...own } }) => {
        return { name, location, protect: kept, labels: own };
      },
    ),
    gateway: out,
    loadBalancers: balancers,
    nodes,
    ...places(cluster, nodes, balancers),
    // Also for a single server: it may get company later, and joiners check the certificate for this address.
    tlsSans: [address],
    protect,
  };
}
