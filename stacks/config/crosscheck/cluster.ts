import { addressAt, type Cidr, cidr, contains, overlaps, privateRanges } from "../cidr.ts";
import type { Problem } from "../error.ts";
import type { StackKeys } from "../schema/schema.ts";
import { crosscheckTopology } from "./topology.ts";

/** k3s' own defaults for pods and services; a private network that overlaps them cannot be routed. */
const clusterRanges = [
  { what: "the pods' range", range: cidr("10.42.0.0/16") },
  { what: "the services' range", range: cidr("10.43.0.0/16") },
];

/** The first ten addresses of a subnet stay free for the gateway and for load balancers. */
export const reservedAddresses = 11;

export interface ClusterOfStage {
  readonly project: string;
  readonly stage: string;
  readonly cluster: StackKeys["cluster"];
}

interface Range {
  readonly path: readonly string[];
  readonly range: Cidr;
  readonly count: number;
}

const hostBits = (text: string): boolean => cidr(text).text !== text;

function subnets({ cluster }: ClusterOfStage): readonly Range[] {
  const pools = Object.entries(cluster.pools).map(([name, pool]) => ({ path: ["pools", name, "subnet"], ...pool }));
  return [{ path: ["servers", "subnet"], ...cluster.servers }, ...pools].map(({ path, subnet, count }) => ({
    path: ["cluster", ...path],
    range: cidr(subnet),
    count,
  }));
}

function networkProblems(network: Cidr): readonly string[] {
  const inside = privateRanges.some((range) => contains(range, network));
  const clashes = clusterRanges.filter(({ range }) => overlaps(range, network));
  return [
    ...(inside
      ? []
      : [`${network.text} is no private range; use a part of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16`]),
    ...clashes.map(({ what, range }) => `${network.text} overlaps ${what} ${range.text}; use another range`),
    ...(network.size < 256 ? [`${network.text} is too small; Hetzner's smallest network is a /24`] : []),
  ];
}

function subnetProblems({ range, count }: Range, network: Cidr): readonly string[] {
  const room = range.size - 1 - reservedAddresses;
  return [
    ...(contains(network, range) ? [] : [`${range.text} is not inside the network ${network.text}`]),
    ...(count > room ? [`${range.text} has room for ${Math.max(0, room)} nodes, not ${count}`] : []),
  ];
}

function overlapProblems(ranges: readonly Range[]) {
  return ranges.flatMap((later, index) =>
    ranges
      .slice(0, index)
      .filter((earlier) => overlaps(earlier.range, later.range))
      .map((earlier) => ({
        path: later.path,
        message: `${later.range.text} overlaps ${earlier.range.text} of ${earlier.path.slice(1, -1).join(".")}`,
      })),
  );
}

function hostBitProblems({ cluster }: ClusterOfStage) {
  const written = [
    { path: ["cluster", "network"], text: cluster.network },
    { path: ["cluster", "servers", "subnet"], text: cluster.servers.subnet },
    ...Object.entries(cluster.pools).map(([name, { subnet }]) => ({
      path: ["cluster", "pools", name, "subnet"],
      text: subnet,
    })),
    ...cluster.api.allow.map((text, index) => ({ path: ["cluster", "api", "allow", index], text })),
  ];
  return written
    .filter(({ text }) => /^[0-9.]+\/[0-9]+$/.test(text) && hostBits(text))
    .map(({ path, text }) => ({ path, message: `${text} has host bits set - did you mean ${cidr(text).text}?` }));
}

function accessProblems({ cluster }: ClusterOfStage) {
  return cluster.api.allow.flatMap((text, index) =>
    ["0.0.0.0/0", "::/0"].includes(text)
      ? [
          {
            path: ["cluster", "api", "allow", index],
            message: "lets the whole internet try; write `everyone` to mean it",
          },
        ]
      : [],
  );
}

/** The longest that a pool may get: a hundred nodes. */
function nameProblems({ project, stage, cluster }: ClusterOfStage) {
  const pools = Object.keys(cluster.pools);
  const tooLong = pools.filter((name) => `${project}-${stage}-${name}-100`.length > 63);
  return [
    ...tooLong.map((name) => ({
      path: ["cluster", "pools", name],
      message: `the nodes' names ${project}-${stage}-${name}-N get longer than 63 characters; shorten one part`,
    })),
    ...pools
      .filter((name) => name === "server")
      .map((name) => ({ path: ["cluster", "pools", name], message: "the servers have this name; use another" })),
  ];
}

/** A line that names no node would be forgotten, and count once a node of this number is made again. */
function generationProblems({ cluster }: ClusterOfStage) {
  const pools = Object.entries(cluster.pools).map(([name, pool]) => ({ path: ["pools", name], ...pool }));
  return [{ path: ["servers"], ...cluster.servers }, ...pools].flatMap(({ path, count, generations }) =>
    Object.keys(generations)
      .filter((number) => Number(number) > count)
      .map((number) => ({
        path: ["cluster", ...path, "generations", number],
        message: `there is no node ${number} among ${count}; remove the line`,
      })),
  );
}

/** A restore that waits for a generation nobody has reached would surprise whoever raises it later. */
function restoreProblems({ cluster: { restore, servers, snapshots } }: ClusterOfStage) {
  const now = servers.generations[1] ?? 1;
  if (!restore) return [];
  if (!snapshots)
    return [{ path: ["cluster", "restore"], message: "says no store to take it from; say where in cluster.snapshots" }];
  if (restore.generation <= now) return [];
  const message = `server 1 has generation ${now}; raise cluster.servers.generations.1 to ${restore.generation}, or remove restore`;
  return [{ path: ["cluster", "restore", "generation"], message }];
}

/** The rules of one stage's cluster that compare values: ranges, room, names, who may reach the API. */
export function crosscheckCluster(target: ClusterOfStage): readonly Problem[] {
  const network = cidr(target.cluster.network);
  const ranges = subnets(target);
  const problems = [
    ...networkProblems(network).map((message) => ({ path: ["cluster", "network"], message })),
    ...ranges.flatMap((range) => subnetProblems(range, network).map((message) => ({ path: range.path, message }))),
    ...overlapProblems(ranges),
    ...hostBitProblems(target),
    ...accessProblems(target),
    ...nameProblems(target),
    ...generationProblems(target),
    ...restoreProblems(target),
    ...crosscheckTopology(target.cluster),
  ];
  return problems.map((problem) => ({ file: `Pulumi.${target.stage}.yaml`, ...problem }));
}

/** Exported for the node plan, so that both count alike: the address of the node with this index, from 0. */
export const nodeAddress = (subnet: string, index: number): string =>
  addressAt(cidr(subnet), reservedAddresses + index);
