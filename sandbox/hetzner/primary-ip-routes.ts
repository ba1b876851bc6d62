import { z } from "zod";
import { actionView, begin } from "./actions.ts";
import { locations, pick } from "./catalogue.ts";
import { change, collectionRoutes, find, json } from "./collection.ts";
import { apiError, invalidInput, parseBody } from "./error.ts";
import { labelsSchema } from "./labels.ts";
import type { PrimaryIp } from "./model.ts";
import { newPrimaryIp, primaryIpOf, primaryIps } from "./primary-ips.ts";
import { checkName, checkQuota, type Project } from "./project.ts";
import type { Answer, Call, Routes } from "./router.ts";
import { servers } from "./servers.ts";

const creation = z.object({
  name: z.string().min(1),
  type: z.enum(["ipv4", "ipv6"]),
  assignee_type: z.literal("server").optional(),
  assignee_id: z.number().optional(),
  location: z.union([z.number(), z.string()]).optional(),
  labels: labelsSchema.default({}),
  auto_delete: z.boolean().default(false),
});
const changes = z.object({
  name: z.string().min(1).optional(),
  labels: labelsSchema.optional(),
  auto_delete: z.boolean().optional(),
});
const assignment = z.object({ assignee_id: z.number(), assignee_type: z.literal("server") });
const protection = z.object({ delete: z.boolean() });

/** The server that is to have an address of this family: it is off, and has none yet. */
function assignee(project: Project, id: number, type: PrimaryIp["type"]) {
  const server = find(servers, project, id);
  if (server.powered) throw apiError("server_not_stopped", "server must be stopped");
  if (primaryIpOf(project, id, type)) throw apiError(`server_has_${type}`, `server already has an ${type} address`);
  return server;
}

function create({ project, body }: Call): Answer {
  const { location, assignee_id, assignee_type: _, ...wanted } = parseBody(creation, body);
  if ((location === undefined) === (assignee_id === undefined))
    throw invalidInput("location", "exactly one of location and assignee_id is required");
  checkName(project, "primary_ips", { name: wanted.name });
  checkQuota(project, "primary_ips");
  const server = assignee_id === undefined ? undefined : assignee(project, assignee_id, wanted.type);
  const place = pick(locations, server?.location ?? location ?? "");
  if (!place) throw invalidInput("location", `location ${location} not found`);
  const ip = newPrimaryIp(project, { ...wanted, location: place.name, assignee_id: assignee_id ?? null }, wanted.name);
  const action = begin(project, { command: "create_primary_ip", resources: [{ id: ip.id, type: "primary_ip" }] });
  return json(201, { primary_ip: primaryIps.view(project, ip), action: actionView(project, action) });
}

function update({ project, id, body }: Call): Answer {
  const ip = find(primaryIps, project, id);
  const { name = ip.name, labels = ip.labels, auto_delete = ip.auto_delete } = parseBody(changes, body);
  checkName(project, "primary_ips", { name, id });
  const changed = change(primaryIps, project, { id, name, labels, auto_delete });
  return json(200, { primary_ip: primaryIps.view(project, changed) });
}

function remove({ project, id }: Call): Answer {
  const ip = find(primaryIps, project, id);
  if (ip.protection.delete) throw apiError("protected", "primary IP deletion is protected");
  // Since 2026-05-01; before, deleting one took it from its server.
  if (ip.assignee_id !== null) throw apiError("must_be_unassigned", "primary IP must be unassigned");
  project.tables.primary_ips.delete(id);
  return { kind: "empty" };
}

type Patch = (ip: PrimaryIp, call: Call) => Partial<PrimaryIp>;

function ipAction(command: string, patch: Patch): (call: Call) => Answer {
  return (call) => {
    const { project, id } = call;
    const to = patch(find(primaryIps, project, id), call);
    const step = { command, resources: [{ id, type: "primary_ip" }] };
    const action = begin(project, step, () => change(primaryIps, project, { ...to, id }));
    return json(201, { action: actionView(project, action) });
  };
}

const assign: Patch = (ip, { project, body }) => {
  if (ip.assignee_id !== null) throw apiError("primary_ip_already_assigned", "primary IP is already assigned");
  const server = assignee(project, parseBody(assignment, body).assignee_id, ip.type);
  if (server.location !== ip.location) throw apiError("primary_ip_datacenter_mismatch", "the server is elsewhere");
  return { assignee_id: server.id };
};

const unassign: Patch = (ip, { project }) => {
  if (ip.assignee_id === null) throw apiError("primary_ip_not_assigned", "primary IP is not assigned");
  if (find(servers, project, ip.assignee_id).powered) throw apiError("server_not_stopped", "server must be stopped");
  return { assignee_id: null };
};

export const primaryIpRoutes: Routes = {
  ...collectionRoutes(primaryIps),
  "POST /primary_ips": create,
  "PUT /primary_ips/:id": update,
  "DELETE /primary_ips/:id": remove,
  "POST /primary_ips/:id/actions/assign": ipAction("assign_primary_ip", assign),
  "POST /primary_ips/:id/actions/unassign": ipAction("unassign_primary_ip", unassign),
  "POST /primary_ips/:id/actions/change_protection": ipAction("change_protection", (_, { body }) => ({
    protection: parseBody(protection, body),
  })),
};
