import type { Collection } from "./collection.ts";
import { find } from "./collection.ts";
import { labelSelector } from "./labels.ts";
import type { Firewall, FirewallResource, Server } from "./model.ts";
import type { Project } from "./project.ts";

function covers(resource: FirewallResource, server: Server): boolean {
  if (resource.type === "server") return resource.server.id === server.id;
  return labelSelector(resource.label_selector.selector)?.(server.labels) ?? false;
}

export const isAppliedTo = ({ applied_to }: Firewall, server: Server): boolean =>
  applied_to.some((resource) => covers(resource, server));

/** A label selector is shown together with the servers it picks now. */
function resourceView({ tables }: Project, resource: FirewallResource): object {
  if (resource.type === "server") return resource;
  const picked = [...tables.servers.values()].filter((server) => covers(resource, server));
  const applied_to_resources = picked.map(({ id }) => ({ type: "server", server: { id } }));
  return { ...resource, applied_to_resources };
}

export const firewalls: Collection<Firewall> = {
  kind: "firewalls",
  one: "firewall",
  table: (tables) => tables.firewalls,
  view: (project, firewall) => ({
    ...firewall,
    applied_to: firewall.applied_to.map((resource) => resourceView(project, resource)),
  }),
};

export const resourceKey = (resource: FirewallResource): string =>
  resource.type === "server" ? `server ${resource.server.id}` : `selector ${resource.label_selector.selector}`;

export function applyFirewall(project: Project, id: number, resource: FirewallResource): void {
  const firewall = find(firewalls, project, id);
  project.tables.firewalls.set(id, { ...firewall, applied_to: [...firewall.applied_to, resource] });
}
