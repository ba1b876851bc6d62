import { addressAt, cidr } from "../config/cidr.ts";
import type { Cluster } from "../config/cluster.ts";
import { nodeAddress } from "../config/crosscheck-cluster.ts";
import type { Fleet, Stage } from "../config/fleet.ts";
import { type FirewallRule, firewallRules, gatewayRules } from "./plan/firewall.ts";
import { loadBalancers, places } from "./plan/load-balancers.ts";
import { type Pool, placementGroups, poolNodes, starts } from "./plan/pools.ts";
import { labels, reservedAddress, type Scope } from "./plan/scope.ts";

export type Role = "server" | "agent";

export interface Labels {
  readonly [key: string]: string;
}

/** A machine at Hetzner. */
export interface Machine {
  readonly name: string;
  readonly type: string;
  readonly location: string;
  /** In the private network, fixed. */
  readonly address: string;
  /** Whether it is kept from being deleted. */
  readonly protect: boolean;
  readonly labels: Labels;
}

/** Its name is its identity; name, address and group follow from its pool and its number alone. */
export interface Node extends Machine {
  readonly role: Role;
  /** `server`, or the agents' pool. */
  readonly pool: string;
  /** Raising it replaces the machine; name and address stay. */
  readonly generation: number;
  readonly placementGroup: string;
  /** The API that it joins; none for the server that starts the cluster. */
  readonly join: string | undefined;
  /** Whether it has addresses on the internet; a node without reaches it through the gateway. */
  readonly public: boolean;
  /** What Kubernetes is told of it when it joins; taints as `key=value:Effect`. */
  readonly kubernetes: { readonly labels: Labels; readonly taints: readonly string[] };
}

/** Translates for the nodes without a public address; nothing on the internet can begin to talk to it. */
export interface Gateway extends Machine {
  readonly rules: readonly FirewallRule[];
}

/** A public IPv4 address, named after the machine that has it. */
export type Address = Pick<Machine, "name" | "location" | "protect" | "labels">;

export interface LoadBalancer {
  readonly name: string;
  readonly type: string;
  readonly location: string;
  /** In the private network, fixed. */
  readonly address: string;
  /** Whether the internet reaches it: no firewall stands before a load balancer. */
  readonly public: boolean;
  readonly ports: readonly number[];
  /** `readyz` asks the API behind it whether it is ready, `tcp` is content with a connection. */
  readonly check: "readyz" | "tcp";
  /** Names of nodes, reached at their private addresses. */
  readonly targets: readonly string[];
  readonly labels: Labels;
}

/** Where something is reached: at a public address that is there before any machine is, or at a private one. */
export type Place =
  | { readonly kind: "machine" | "load-balancer"; readonly name: string }
  | { readonly kind: "private"; readonly address: string };

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
  readonly placementGroups: readonly { readonly name: string; readonly labels: Labels }[];
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
