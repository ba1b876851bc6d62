import type { LoadBalancer } from "../cluster/plan/load-balancers.ts";
import type { Topology } from "../cluster/topology.ts";
import type { Whole } from "./snapshot.ts";

/** Something without a name at Hetzner; its id in Pulumi follows from the id of what it is part of (its resource's import). */
export interface Part {
  /** The resource's type in Pulumi, and its name there. */
  readonly token: string;
  readonly name: string;
  readonly what: string;
  /** What it is part of. */
  readonly kind: "networks" | "load_balancers";
  readonly of: string;
  readonly id: (whole: number) => string;
  readonly isIn: (whole: Whole) => boolean;
}

function ofNetwork({ cluster, network, gateway }: Topology): readonly Part[] {
  const place = { kind: "networks", of: cluster } as const;
  const subnets = network.subnets.map(({ name, range }): Part => {
    const isIn: Part["isIn"] = ({ subnets: known }) => known.some(({ ip_range }) => ip_range === range);
    const what = `the subnet ${range}`;
    return {
      ...place,
      token: "hcloud:index/networkSubnet:NetworkSubnet",
      name,
      what,
      id: (id) => `${id}-${range}`,
      isIn,
    };
  });
  if (!gateway) return subnets;
  const route: Part = {
    ...{ ...place, token: "hcloud:index/networkRoute:NetworkRoute", name: gateway.name, what: "the default route" },
    id: (id) => `${id}-0.0.0.0/0`,
    isIn: ({ routes }) => routes.some(({ destination }) => destination === "0.0.0.0/0"),
  };
  return [...subnets, route];
}

/** Its place in a network and its targets are no trouble: the provider takes one that is there for done. */
const ofBalancer = ({ name, ports }: LoadBalancer): readonly Part[] =>
  ports.map((port) => ({
    ...{ token: "hcloud:index/loadBalancerService:LoadBalancerService", kind: "load_balancers", of: name },
    name: ports.length > 1 ? `${name}-${port}` : name,
    what: `the service on port ${port}`,
    id: (id) => `${id}__${port}`,
    isIn: ({ services }) => services.some(({ listen_port }) => listen_port === port),
  }));

export const partsOf = (plan: Topology): readonly Part[] => [
  ...ofNetwork(plan),
  ...plan.loadBalancers.flatMap((each) => ofBalancer(each)),
];
