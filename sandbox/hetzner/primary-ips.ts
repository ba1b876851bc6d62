import { publicAddress } from "./addresses.ts";
import { locations, pick } from "./catalogue.ts";
import { type Collection, find } from "./collection.ts";
import { apiError } from "./error.ts";
import type { PrimaryIp, Server } from "./model.ts";
import { type Project, timestamp } from "./project.ts";

export const primaryIps: Collection<PrimaryIp> = {
  kind: "primary_ips",
  one: "primary_ip",
  table: (tables) => tables.primary_ips,
  view: (_, { location, ...ip }) => ({
    ...ip,
    assignee_type: "server",
    blocked: false,
    dns_ptr: [],
    location: pick(locations, location),
  }),
};

type Wanted = Pick<PrimaryIp, "type" | "location" | "assignee_id" | "auto_delete"> & Partial<PrimaryIp>;

/** Its address follows from `owner`: its own name, or its server's where it was made with it. */
export function newPrimaryIp(project: Project, wanted: Wanted, owner: string): PrimaryIp {
  const id = project.nextId();
  const ip: PrimaryIp = {
    ...{ id, name: `primary_ip-${id}`, labels: {}, created: timestamp(project.clock()) },
    ...{ ip: publicAddress(project, wanted.type, owner), protection: { delete: false } },
    ...wanted,
  };
  project.tables.primary_ips.set(id, ip);
  return ip;
}

/** What a new server gets of one family: one that is there already, by its id, or a new one that goes with it. */
export type Wish = number | "new";

export interface Wishes {
  readonly ipv4?: Wish;
  readonly ipv6?: Wish;
}

const families = ["ipv4", "ipv6"] as const;

/** How many a server with these wishes adds to the project's. */
export const newAddresses = (wishes: Wishes): number => families.filter((family) => wishes[family] === "new").length;

/** @throws ApiError when an address that a new server is to have is of another kind or place, or has a server already */
export function checkWishes(project: Project, wishes: Wishes, location: string): void {
  for (const family of families) {
    const wish = wishes[family];
    if (typeof wish !== "number") continue;
    const ip = find(primaryIps, project, wish);
    if (ip.type !== family) throw apiError("primary_ip_version_mismatch", `primary IP ${ip.id} is no ${family}`);
    if (ip.location !== location) throw apiError("primary_ip_datacenter_mismatch", `primary IP ${ip.id} is elsewhere`);
    if (ip.assignee_id !== null) throw apiError("primary_ip_assigned", `primary IP ${ip.id} is already assigned`);
  }
}

export function giveAddresses(project: Project, { id, name, location }: Server, wishes: Wishes): void {
  for (const type of families) {
    const wish = wishes[type];
    if (wish === "new") newPrimaryIp(project, { type, location, assignee_id: id, auto_delete: true }, name);
    else if (wish) project.tables.primary_ips.set(wish, { ...find(primaryIps, project, wish), assignee_id: id });
  }
}

/** A server that goes leaves its addresses behind, but for those that were made with it. */
export function leaveAddresses({ tables }: Project, server: number): void {
  for (const ip of tables.primary_ips.values()) {
    if (ip.assignee_id !== server) continue;
    if (ip.auto_delete) tables.primary_ips.delete(ip.id);
    else tables.primary_ips.set(ip.id, { ...ip, assignee_id: null });
  }
}

export function primaryIpOf({ tables }: Project, server: number, type: PrimaryIp["type"]): PrimaryIp | undefined {
  return [...tables.primary_ips.values()].find((ip) => ip.assignee_id === server && ip.type === type);
}
