import type { Cluster } from "../../config/cluster.ts";
import type { Node } from "./machine.ts";
import { type Labels, labels, reservedAddress, type Scope } from "./scope.ts";

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

/** The taints that k3s' service load balancer tolerates (k3s-io/k3s pkg/cloudprovider/servicelb.go). */
const tolerated = /^(CriticalAddonsOnly|node-role\.kubernetes\.io\/(master|control-plane))\b/;

/** Traefik's ports are open on every node where k3s may run a pod for them. */
const takesTraffic = ({ kubernetes: { taints } }: Node): boolean =>
  taints.every((taint) => tolerated.test(taint) || taint.endsWith(":PreferNoSchedule"));

/** In front of the API where it has several servers, or is to be reached there; in front of the apps where that is said. */
export function loadBalancers(scope: Scope, cluster: Cluster, nodes: readonly Node[]): readonly LoadBalancer[] {
  const balancer = (what: "api" | "ingress", targets: readonly Node[]) => ({
    ...{ name: `${scope.cluster}-${what}`, type: cluster.loadBalancer, location: cluster.location },
    address: reservedAddress(cluster, what),
    targets: targets.map(({ name }) => name),
    labels: labels(scope, what === "api" ? "load-balancer" : "ingress"),
  });
  const servers = nodes.filter(({ role }) => role === "server");
  const open = cluster.api.via === "load-balancer" && cluster.api.allow.length > 0;
  const forApi = { ...balancer("api", servers), public: open, ports: [6443], check: "readyz" } as const;
  const forApps = {
    ...balancer("ingress", nodes.filter(takesTraffic)),
    public: true,
    ports: [80, 443],
    check: "tcp",
  } as const;
  return [
    ...(servers.length > 1 || cluster.api.via === "load-balancer" ? [forApi] : []),
    ...(cluster.ingress === "load-balancer" ? [forApps] : []),
  ];
}

/** A public address where there is one, else the private one. */
const placeOf = (thing: { readonly public: boolean; readonly address: string }, place: Place): Place =>
  thing.public ? place : { kind: "private", address: thing.address };

export function places(cluster: Cluster, nodes: readonly Node[], balancers: readonly LoadBalancer[]) {
  const first = nodes[0] ?? { name: "", public: false, address: "" };
  const atFirst = (open: boolean): Place =>
    placeOf({ ...first, public: first.public && open }, { kind: "machine", name: first.name });
  const at = (check: LoadBalancer["check"]): Place => {
    const found = balancers.find((balancer) => balancer.check === check);
    return found ? placeOf(found, { kind: "load-balancer", name: found.name }) : atFirst(true);
  };
  return {
    // At its public address the firewall lets in whom `allow` names, and nobody from the private network.
    api: cluster.api.via === "load-balancer" ? at("readyz") : atFirst(cluster.api.allow.length > 0),
    ingress: cluster.ingress === "load-balancer" ? at("tcp") : atFirst(true),
  };
}
