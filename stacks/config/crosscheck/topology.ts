import type { Problem } from "../error.ts";
import { zoneOf } from "../locations.ts";
import type { StackKeys } from "../schema/schema.ts";

type Cluster = StackKeys["cluster"];
type Found = Omit<Problem, "file">;

/** Of one core: k3s wants two for a server (docs.k3s.io, Requirements). */
const tooSmall = ["cx11", "cpx12"];

/** docs.hetzner.com, limits of a network and of a project. */
const limits = { attachments: 100, subnets: 50, placementGroups: 50 } as const;

/** Targets of each load balancer type. */
const targetsOf: { readonly [type: string]: number } = { lb11: 25, lb21: 75, lb31: 150 };

const pools = ({ servers, pools: agents }: Cluster) => [
  { path: ["cluster", "servers"], ...servers, locations: servers.locations ?? [] },
  ...Object.entries(agents).map(([name, { location, ...pool }]) => ({
    ...{ path: ["cluster", "pools", name], ...pool },
    locations: location ? [location] : [],
  })),
];

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/** What is attached to the network beside the nodes. */
const beside = ({ servers, ingress, api, gateway }: Cluster): number =>
  [servers.count > 1 || api.via === "load-balancer", ingress === "load-balancer", gateway].filter(Boolean).length;

function targetProblems({ loadBalancer, ingress }: Cluster, nodes: number): readonly Found[] {
  const room = targetsOf[loadBalancer] ?? nodes;
  if (ingress === "node" || nodes <= room) return [];
  const larger = Object.entries(targetsOf).find(([, targets]) => targets >= nodes)?.[0];
  const message = `${loadBalancer} takes ${room} targets, not ${nodes}; use ${larger ?? "fewer nodes"}`;
  return [{ path: ["cluster", "loadBalancer"], message }];
}

function sizeProblems(cluster: Cluster): readonly Found[] {
  const all = pools(cluster);
  const nodes = sum(all.map(({ count }) => count));
  const groups = sum(all.map(({ count }) => Math.ceil(count / 10)));
  const more = beside(cluster);
  const { attachments, subnets, placementGroups } = limits;
  const rules = [
    [nodes + more, attachments, `${nodes} nodes and ${more} beside them; a Hetzner network takes ${attachments}`],
    [all.length, subnets, `${all.length} subnets with the servers'; a Hetzner network takes ${subnets}`],
    [groups, placementGroups, `${groups} placement groups of ten nodes; a Hetzner project takes ${placementGroups}`],
  ] as const;
  const broken = rules.filter(([count, limit]) => count > limit);
  return [
    ...broken.map(([, , message]) => ({ path: ["cluster", "pools"], message })),
    ...targetProblems(cluster, nodes),
  ];
}

/** docs.hetzner.com, limits of a firewall; everyone's six are those of HTTP, HTTPS and ICMP, over IPv4 and IPv6. */
const ranges = { firewall: 500, everyone: 6 } as const;

function rangeProblems({ api: { allow, via } }: Cluster): readonly Found[] {
  const room = ranges.firewall - ranges.everyone;
  if (via !== "server" || allow.length <= room) return [];
  const message = `${allow.length} ranges; a Hetzner firewall takes ${room} beside its own: join neighbours, or name a VPN's`;
  return [{ path: ["cluster", "api", "allow"], message }];
}

function serverProblems({ servers }: Cluster): readonly Found[] {
  const { type, locations, count } = servers;
  const path = ["cluster", "servers"];
  const message = `${type} has one core, a k3s server needs two and 2 GB; use cpx22 or larger`;
  const each = `names ${locations?.length} locations for ${count} servers; name one for all or one for each`;
  return [
    ...(tooSmall.includes(type) ? [{ path: [...path, "type"], message }] : []),
    ...(locations && ![1, count].includes(locations.length) ? [{ path: [...path, "locations"], message: each }] : []),
  ];
}

/** A private network, and so a cluster, lies in one zone. */
function zoneProblems(cluster: Cluster): readonly Found[] {
  const zone = zoneOf[cluster.location] ?? "";
  const near = Object.keys(zoneOf).filter((location) => zoneOf[location] === zone);
  const named = [
    ...(cluster.servers.locations ?? []).map((at, index) => ({ path: ["servers", "locations", index], at })),
    ...Object.entries(cluster.pools).map(([name, { location }]) => ({
      path: ["pools", name, "location"],
      at: location,
    })),
    { path: ["gateway", "location"], at: cluster.gateway?.location },
  ];
  return named
    .filter(({ at }) => at !== undefined && zoneOf[at] !== zone)
    .map(({ path, at = "" }) => ({
      path: ["cluster", ...path],
      message: `${at} lies in ${zoneOf[at]}, ${cluster.location} in ${zone}; use ${near.join(", ")}`,
    }));
}

const keepsOut = (taint: string): boolean => !taint.endsWith(":PreferNoSchedule");

/** Flux and Traefik tolerate no taint: without a node that has none nothing would ever run. */
function taintProblems(cluster: Cluster): readonly Found[] {
  const free = pools(cluster).some(({ count, taints }) => count > 0 && !taints.some(keepsOut));
  if (free) return [];
  const message = "every node has a taint, so Flux could run nowhere; add a pool without one";
  return [{ path: ["cluster", "servers", "taints"], message }];
}

function privateProblems(cluster: Cluster): readonly Found[] {
  const { servers, gateway, ingress, api } = cluster;
  const lonely = gateway ? [] : pools(cluster).filter((pool) => !pool.public);
  const unreachable = !servers.public && api.via === "server" && api.allow.length > 0;
  return [
    ...lonely.map(({ path }) => ({
      path: [...path, "public"],
      message:
        "nodes without a public address need a gateway to fetch anything: add cluster.gateway, such as { type: cpx12 }",
    })),
    ...(!servers.public && ingress === "node"
      ? [{ path: ["cluster", "ingress"], message: "the servers have no public address; use ingress: load-balancer" }]
      : []),
    ...(unreachable
      ? [
          {
            path: ["cluster", "api", "allow"],
            message: "the servers have no public address that anybody could reach; use [] or via: load-balancer",
          },
        ]
      : []),
  ];
}

function balancerProblems({ api: { via, allow } }: Cluster): readonly Found[] {
  const named = allow.filter((range) => range !== "everyone");
  if (via === "server" || named.length === 0) return [];
  const message =
    "a load balancer has no firewall, so ranges cannot be kept; use via: server, or [everyone], or [] for the private network only";
  return [{ path: ["cluster", "api", "allow"], message }];
}

/** The rules of one stage's machines and of what stands before them. */
export const crosscheckTopology = (cluster: Cluster): readonly Found[] => [
  ...sizeProblems(cluster),
  ...rangeProblems(cluster),
  ...serverProblems(cluster),
  ...zoneProblems(cluster),
  ...taintProblems(cluster),
  ...privateProblems(cluster),
  ...balancerProblems(cluster),
];
