import { createHash } from "node:crypto";
import { checkUnlocked } from "./actions.ts";
import { contains, formatAddress, parseAddress, type Range } from "./cidr.ts";
import { find } from "./collection.ts";
import { apiError, invalidInput } from "./error.ts";
import type { Network, Subnet } from "./model.ts";
import { networks, rangeOf } from "./networks.ts";
import type { Project } from "./project.ts";

/** Documentation ranges (RFC 5737, RFC 3849): no packet that a mistake sends there reaches anybody. */
const documentation = ["203.0.113", "198.51.100", "192.0.2"];

const pools = {
  ipv4: (ranges: readonly string[]) =>
    ranges.flatMap((range) => Array.from({ length: 254 }, (_, index) => `${range}.${index + 1}`)),
  ipv6: () => Array.from({ length: 4096 }, (_, index) => `2001:db8:0:${(index + 1).toString(16)}::/64`),
};

/** Follows from the owner's name, so that it is the same in every run, whoever is made first. Two names may want one address. */
export function publicAddress(project: Project, type: "ipv4" | "ipv6", owner: string): string {
  const { tables, publicRange } = project;
  const balancers = [...tables.load_balancers.values()].map((balancer) => balancer[type]);
  const taken = new Set([...[...tables.primary_ips.values()].map(({ ip }) => ip), ...balancers]);
  const pool = pools[type](publicRange === undefined ? documentation : [publicRange]);
  const start = createHash("sha256").update(owner).digest().readUInt32BE() % pool.length;
  const free = [...pool.slice(start), ...pool.slice(0, start)].find((address) => !taken.has(address));
  if (!free) throw apiError("resource_unavailable", "no public address is left in the emulator");
  return free;
}

interface Wish {
  readonly network: number;
  readonly ip?: string | undefined;
  readonly ip_range?: string | undefined;
  readonly alias_ips?: readonly string[] | undefined;
  /** Of the server or load balancer; only subnets of its zone can be reached. */
  readonly zone: string;
}

const nothingFree = () => apiError("no_subnet_available", "no subnet or IP is available within the network");

/** Never given out: the network's gateway, a subnet's first and last address, and Hetzner's own 172.31.1.1. */
function reserved(network: Network): ReadonlySet<number> {
  const ends = network.subnets.flatMap(({ ip_range }) => [rangeOf(ip_range).first, rangeOf(ip_range).last]);
  return new Set([...ends, rangeOf(network.ip_range).first + 1, parseAddress("172.31.1.1") ?? 0]);
}

function takenIn({ tables }: Project, id: number): ReadonlySet<string> {
  const servers = [...tables.servers.values()].flatMap(({ private_net }) => private_net);
  const balancers = [...tables.load_balancers.values()].flatMap(({ private_net }) => private_net);
  const own = [...servers, ...balancers].filter(({ network }) => network === id);
  const aliases = servers.filter(({ network }) => network === id).flatMap(({ alias_ips }) => alias_ips);
  return new Set([...own.map(({ ip }) => ip), ...aliases]);
}

function subnetsFor(network: Network, { zone, ip_range }: Wish): readonly Subnet[] {
  const reachable = network.subnets.filter((subnet) => subnet.network_zone === zone && subnet.type !== "vswitch");
  const wanted = reachable.filter((subnet) => ip_range === undefined || subnet.ip_range === ip_range);
  if (wanted.length === 0) throw nothingFree();
  return wanted.toSorted((a, b) => rangeOf(a.ip_range).first - rangeOf(b.ip_range).first);
}

function checkFixed(ip: string, ranges: readonly Range[], used: (address: number) => boolean): void {
  const address = parseAddress(ip);
  if (address === undefined) throw invalidInput("ip", `${ip} is not an IPv4 address`);
  if (!ranges.some((range) => contains(range, { first: address, last: address }))) throw nothingFree();
  if (used(address)) throw apiError("ip_not_available", `IP ${ip} is not available`);
}

/** Where an attachment ends up. Without an address it is the lowest free one of the last subnet by range. */
export function privateAddress(project: Project, wish: Wish): string {
  const network = find(networks, project, wish.network);
  checkUnlocked(project, { id: network.id, type: "network" });
  const ranges = subnetsFor(network, wish).map(({ ip_range }) => rangeOf(ip_range));
  const [taken, never] = [takenIn(project, network.id), reserved(network)];
  const used = (address: number) => never.has(address) || taken.has(formatAddress(address));
  for (const ip of [...(wish.ip ? [wish.ip] : []), ...(wish.alias_ips ?? [])]) checkFixed(ip, ranges, used);
  if (wish.ip) return wish.ip;
  const range = ranges.at(-1);
  for (let address = range?.first ?? 0; address < (range?.last ?? 0); address += 1)
    if (!used(address)) return formatAddress(address);
  throw nothingFree();
}
