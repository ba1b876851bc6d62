import { isIP } from "node:net";
import { z } from "zod";
import { actionView, begin } from "./actions.ts";
import { parseRange } from "./cidr.ts";
import { change, collectionRoutes, find, json } from "./collection.ts";
import { apiError, parseBody } from "./error.ts";
import { firewalls, resourceKey } from "./firewall-resources.ts";
import { labelSelector, labelsSchema } from "./labels.ts";
import type { Firewall, FirewallResource, Reference } from "./model.ts";
import { primaryIpOf } from "./primary-ips.ts";
import { checkName, checkQuota, type Project, timestamp } from "./project.ts";
import type { Routes } from "./router.ts";
import { servers } from "./servers.ts";

function isNetwork(text: string): boolean {
  const [address = "", prefix = ""] = text.split("/");
  if (isIP(address) === 6) return /^\d+$/.test(prefix) && Number(prefix) <= 128;
  return parseRange(text) !== undefined;
}

const addresses = z.array(z.string().refine(isNetwork, "must be a network address with its prefix")).default([]);
const rule = z
  .object({
    direction: z.enum(["in", "out"]),
    protocol: z.enum(["tcp", "udp", "icmp", "esp", "gre"]),
    port: z
      .string()
      .regex(/^(any|\d{1,5}(-\d{1,5})?)$/, "must be a port, a range or any")
      .nullable()
      .default(null),
    source_ips: addresses,
    destination_ips: addresses,
    description: z.string().max(255).nullable().default(null),
  })
  .refine(({ protocol, port }) => ["tcp", "udp"].includes(protocol) === (port !== null), {
    path: ["port"],
    message: "is required for tcp and udp and not allowed for other protocols",
  })
  .refine(
    ({ direction, source_ips, destination_ips }) => (direction === "in" ? source_ips : destination_ips).length > 0,
    {
      path: ["source_ips"],
      message: "an incoming rule needs source_ips, an outgoing one destination_ips",
    },
  );
const rules = z
  .array(rule)
  .max(50, "at most 50 rules")
  .refine(
    (all) => all.flatMap(({ source_ips, destination_ips }) => [...source_ips, ...destination_ips]).length <= 500,
    "at most 500 effective networks",
  );
const resource = z.discriminatedUnion("type", [
  z.object({ type: z.literal("server"), server: z.object({ id: z.number() }) }),
  z.object({
    type: z.literal("label_selector"),
    label_selector: z.object({ selector: z.string().refine((text) => labelSelector(text), "invalid label selector") }),
  }),
]);
const creation = z.object({
  name: z.string().min(1).max(128),
  labels: labelsSchema.default({}),
  rules: rules.default([]),
  apply_to: z.array(resource).default([]),
});

function checkResource(project: Project, wanted: FirewallResource): void {
  if (wanted.type !== "server") return;
  if (!project.tables.servers.has(wanted.server.id))
    throw apiError("firewall_resource_not_found", `server with ID '${wanted.server.id}' not found`);
  const server = find(servers, project, wanted.server.id);
  if (!primaryIpOf(project, server.id, "ipv4") && !primaryIpOf(project, server.id, "ipv6"))
    throw apiError("private_net_only_server", "the server has no public interface");
}

interface Change {
  readonly firewall: Firewall;
  readonly command: string;
  readonly to: Partial<Firewall>;
  readonly touched?: readonly FirewallResource[];
}

/** One action per server that is touched, as the API answers; the firewall alone when there is none. */
function changeFirewall(project: Project, { firewall, command, to, touched = firewall.applied_to }: Change) {
  const self: Reference = { id: firewall.id, type: "firewall" };
  const reached = touched.flatMap((item) => (item.type === "server" ? [{ id: item.server.id, type: "server" }] : []));
  const groups = reached.length > 0 ? reached.map((server) => [self, server]) : [[self]];
  const actions = groups.map((resources) =>
    begin(project, { command, resources }, () => change(firewalls, project, { ...to, id: firewall.id })),
  );
  return actions.map((action) => actionView(project, action));
}

function applied(project: Project, firewall: Firewall, more: readonly FirewallResource[]): Change {
  for (const item of more) checkResource(project, item);
  const known = new Set(firewall.applied_to.map(resourceKey));
  if (more.some((item) => known.has(resourceKey(item))))
    throw apiError("firewall_already_applied", "firewall is already applied to this resource");
  return { firewall, command: "apply_firewall", to: { applied_to: [...firewall.applied_to, ...more] }, touched: more };
}

function removed(firewall: Firewall, less: readonly FirewallResource[]): Change {
  const gone = new Set(less.map(resourceKey));
  const rest = firewall.applied_to.filter((item) => !gone.has(resourceKey(item)));
  if (rest.length + gone.size !== firewall.applied_to.length)
    throw apiError("firewall_resource_not_found", "firewall is not applied to this resource");
  return { firewall, command: "remove_firewall", to: { applied_to: rest }, touched: less };
}

export const firewallRoutes: Routes = {
  ...collectionRoutes(firewalls),
  "POST /firewalls": ({ project, body }) => {
    const { apply_to, ...wanted } = parseBody(creation, body);
    checkName(project, "firewalls", { name: wanted.name });
    checkQuota(project, "firewalls");
    for (const item of apply_to) checkResource(project, item);
    const [id, created] = [project.nextId(), timestamp(project.clock())];
    const firewall: Firewall = { ...wanted, id, created, applied_to: [] };
    project.tables.firewalls.set(id, firewall);
    const actions = apply_to.length > 0 ? changeFirewall(project, applied(project, firewall, apply_to)) : [];
    return json(201, { firewall: firewalls.view(project, find(firewalls, project, id)), actions });
  },
  "DELETE /firewalls/:id": ({ project, id }) => {
    if (find(firewalls, project, id).applied_to.length > 0)
      throw apiError("resource_in_use", "firewall is still in use");
    project.tables.firewalls.delete(id);
    return { kind: "empty" };
  },
  "POST /firewalls/:id/actions/set_rules": ({ project, id, body }) => {
    const to = parseBody(z.object({ rules }), body);
    const step = { firewall: find(firewalls, project, id), command: "set_firewall_rules", to };
    return json(201, { actions: changeFirewall(project, step) });
  },
  "POST /firewalls/:id/actions/apply_to_resources": ({ project, id, body }) => {
    const { apply_to } = parseBody(z.object({ apply_to: z.array(resource).min(1) }), body);
    return json(201, { actions: changeFirewall(project, applied(project, find(firewalls, project, id), apply_to)) });
  },
  "POST /firewalls/:id/actions/remove_from_resources": ({ project, id, body }) => {
    const { remove_from } = parseBody(z.object({ remove_from: z.array(resource).min(1) }), body);
    return json(201, { actions: changeFirewall(project, removed(find(firewalls, project, id), remove_from)) });
  },
};
