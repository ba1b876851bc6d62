import { publicAddress } from "./addresses.ts";
import { locations, pick } from "./catalogue.ts";
import { type Collection, collectionRoutes } from "./collection.ts";
import type { PrimaryIp, Server } from "./model.ts";
import { type Project, timestamp } from "./project.ts";
import type { Routes } from "./router.ts";

/** Made and deleted with their server only: creating, assigning and keeping one is not emulated. */
const primaryIps: Collection<PrimaryIp> = {
  kind: "primary_ips",
  one: "primary_ip",
  table: (tables) => tables.primary_ips,
  view: (_, { location, ...ip }) => ({
    ...ip,
    assignee_type: "server",
    auto_delete: true,
    blocked: false,
    dns_ptr: [],
    protection: { delete: false },
    location: pick(locations, location),
  }),
};

export function assignPrimaryIps(project: Project, server: Server, types: readonly PrimaryIp["type"][]): void {
  for (const type of types) {
    const id = project.nextId();
    const ip: PrimaryIp = {
      ...{ id, name: `primary_ip-${id}`, labels: {}, created: timestamp(project.clock()) },
      ...{ ip: publicAddress(project, type, server.name), type, assignee_id: server.id, location: server.location },
    };
    project.tables.primary_ips.set(id, ip);
  }
}

export function primaryIpOf({ tables }: Project, server: number, type: PrimaryIp["type"]): PrimaryIp | undefined {
  return [...tables.primary_ips.values()].find((ip) => ip.assignee_id === server && ip.type === type);
}

export const primaryIpRoutes: Routes = collectionRoutes(primaryIps);
