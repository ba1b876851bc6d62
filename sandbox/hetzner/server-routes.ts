import { z } from "zod";
import { actionView, begin, checkUnlocked } from "./actions.ts";
import { privateAddress } from "./addresses.ts";
import { locations, pick, serverTypes } from "./catalogue.ts";
import { change, collectionRoutes, find, json } from "./collection.ts";
import { apiError, invalidInput, parseBody } from "./error.ts";
import type { Server } from "./model.ts";
import { checkPlacementGroup } from "./placement-groups.ts";
import { leaveAddresses } from "./primary-ips.ts";
import type { Project } from "./project.ts";
import type { Answer, Call, Routes } from "./router.ts";
import { createServer, macAddress } from "./server-creation.ts";
import { servers } from "./servers.ts";

type Patch = (server: Server, call: Call) => Partial<Server>;

/** An action whose effect is a change of the server alone. */
function serverAction(command: string, patch: Patch): (call: Call) => Answer {
  return (call) => {
    const { project, id } = call;
    const server = find(servers, project, id);
    const resources = [{ id, type: "server" }];
    checkUnlocked(project, { id, type: "server" });
    const to = patch(server, call);
    const action = begin(project, { command, resources }, () => change(servers, project, { ...to, id }));
    return json(201, { action: actionView(project, action) });
  };
}

const networkBody = z.object({ network: z.number() });
const attachment = networkBody.extend({
  ip: z.string().optional(),
  ip_range: z.string().optional(),
  alias_ips: z.array(z.string()).default([]),
});
const aliases = networkBody.extend({ alias_ips: z.array(z.string()) });
const protection = z.object({ delete: z.boolean().optional(), rebuild: z.boolean().optional() });
const typeChange = z.object({ server_type: z.union([z.number(), z.string()]), upgrade_disk: z.boolean() });
const membership = z.object({ placement_group: z.number() });

const zoneOf = ({ location }: Server): string => pick(locations, location)?.network_zone ?? "";

const attach: Patch = (server, { project, body }) => {
  const wish = parseBody(attachment, body);
  const { network, alias_ips } = wish;
  const ip = privateAddress(project, { ...wish, zone: zoneOf(server) });
  if (server.private_net.some((net) => net.network === network))
    throw apiError("server_already_attached", "server is already attached to this network");
  const mac_address = macAddress(project.nextId());
  return { private_net: [...server.private_net, { network, ip, alias_ips, mac_address }] };
};

function attachmentOf(server: Server, network: number): Server["private_net"][number] {
  const found = server.private_net.find((net) => net.network === network);
  if (!found) throw apiError("not_found", `server is not attached to network with ID '${network}'`);
  return found;
}

const detach: Patch = (server, { body }) => {
  const gone = attachmentOf(server, parseBody(networkBody, body).network);
  return { private_net: server.private_net.filter((net) => net !== gone) };
};

const changeAliases: Patch = (server, { project, body }) => {
  const { network, alias_ips } = parseBody(aliases, body);
  const current = attachmentOf(server, network);
  const added = alias_ips.filter((ip) => !current.alias_ips.includes(ip));
  if (added.length > 0) privateAddress(project, { network, alias_ips: added, zone: zoneOf(server) });
  return { private_net: server.private_net.map((net) => (net === current ? { ...net, alias_ips } : net)) };
};

function checkStopped(server: Server): void {
  if (server.powered) throw apiError("server_not_stopped", "server must be stopped");
}

const changeType: Patch = (server, { body }) => {
  const wanted = parseBody(typeChange, body);
  const [from, to] = [pick(serverTypes, server.server_type), pick(serverTypes, wanted.server_type)];
  if (!to) throw invalidInput("server_type", `server type ${wanted.server_type} not found`);
  checkStopped(server);
  if (to.architecture !== from?.architecture || to.disk < server.primary_disk_size)
    throw apiError("invalid_server_type", "the server type does not fit this server's architecture or disk");
  if (!to.locations.some(({ name, available }) => name === server.location && available))
    throw apiError("resource_unavailable", "error during placement");
  const primary_disk_size = wanted.upgrade_disk ? to.disk : server.primary_disk_size;
  return { server_type: to.name, primary_disk_size };
};

/** The API takes the two protections of a server only together. */
const protect: Patch = (server, { body }) => {
  const given = parseBody(protection, body);
  const wanted = {
    delete: given.delete ?? server.protection.delete,
    rebuild: given.rebuild ?? server.protection.rebuild,
  };
  if (wanted.delete !== wanted.rebuild) throw invalidInput("rebuild", "delete and rebuild must have the same value");
  return { protection: wanted };
};

const power =
  (powered: boolean): Patch =>
  () => ({ powered });

const joinGroup: Patch = (server, { project, body }) => {
  const { placement_group } = parseBody(membership, body);
  checkStopped(server);
  checkPlacementGroup(project, placement_group);
  return { placement_group };
};

const leaveGroup: Patch = (server) => {
  checkStopped(server);
  return { placement_group: null };
};

/** A deleted server takes its firewall entries and load balancer targets with it, and the addresses made with it. */
function remove(project: Project, id: number): void {
  const { tables } = project;
  tables.servers.delete(id);
  leaveAddresses(project, id);
  const isOther = (item: { readonly type: string; readonly server?: { readonly id: number } }) =>
    item.server?.id !== id;
  for (const firewall of tables.firewalls.values())
    tables.firewalls.set(firewall.id, { ...firewall, applied_to: firewall.applied_to.filter(isOther) });
  for (const balancer of tables.load_balancers.values())
    tables.load_balancers.set(balancer.id, { ...balancer, targets: balancer.targets.filter(isOther) });
}

function deleteServer({ project, id }: Call): Answer {
  const server = find(servers, project, id);
  if (server.protection.delete) throw apiError("protected", "server deletion is protected");
  const step = { command: "delete_server", resources: [{ id, type: "server" }] };
  return json(200, {
    action: actionView(
      project,
      begin(project, step, () => remove(project, id)),
    ),
  });
}

export const serverRoutes: Routes = {
  ...collectionRoutes(servers),
  "POST /servers": ({ project, body }) => createServer(project, body),
  "DELETE /servers/:id": deleteServer,
  "POST /servers/:id/actions/poweron": serverAction("start_server", power(true)),
  "POST /servers/:id/actions/poweroff": serverAction("stop_server", power(false)),
  "POST /servers/:id/actions/shutdown": serverAction("shutdown_server", power(false)),
  "POST /servers/:id/actions/reboot": serverAction("reboot_server", power(true)),
  "POST /servers/:id/actions/reset": serverAction("reset_server", power(true)),
  "POST /servers/:id/actions/attach_to_network": serverAction("attach_to_network", attach),
  "POST /servers/:id/actions/detach_from_network": serverAction("detach_from_network", detach),
  "POST /servers/:id/actions/change_alias_ips": serverAction("change_alias_ips", changeAliases),
  "POST /servers/:id/actions/change_type": serverAction("change_server_type", changeType),
  "POST /servers/:id/actions/change_protection": serverAction("change_protection", protect),
  "POST /servers/:id/actions/add_to_placement_group": serverAction("add_to_placement_group", joinGroup),
  "POST /servers/:id/actions/remove_from_placement_group": serverAction("remove_from_placement_group", leaveGroup),
  "POST /servers/:id/actions/enable_backup": serverAction("enable_backup", () => ({ backup_window: "22-02" })),
  "POST /servers/:id/actions/disable_backup": serverAction("disable_backup", () => ({ backup_window: null })),
};
