import { runningActions } from "./actions.ts";
import { images, locations, pick, serverTypes } from "./catalogue.ts";
import type { Collection } from "./collection.ts";
import { isAppliedTo } from "./firewall-resources.ts";
import type { Server } from "./model.ts";
import { placementGroupView } from "./placement-groups.ts";
import { primaryIpOf } from "./primary-ips.ts";
import type { Project } from "./project.ts";

/** `initializing` while it is made, `starting` while it boots; a failed action leaves it as it was. */
function status(project: Project, server: Server): string {
  const commands = runningActions(project, { id: server.id, type: "server" }).map(({ command }) => command);
  if (commands.includes("create_server")) return "initializing";
  if (commands.includes("start_server")) return "starting";
  if (commands.includes("stop_server")) return "stopping";
  return server.powered ? "running" : "off";
}

function publicNet(project: Project, server: Server) {
  const [v4, v6] = [primaryIpOf(project, server.id, "ipv4"), primaryIpOf(project, server.id, "ipv6")];
  const firewalls = [...project.tables.firewalls.values()].filter((firewall) => isAppliedTo(firewall, server));
  return {
    ipv4: v4 ? { id: v4.id, ip: v4.ip, blocked: false, dns_ptr: `${v4.ip}.example.com` } : null,
    ipv6: v6 ? { id: v6.id, ip: v6.ip, blocked: false, dns_ptr: [] } : null,
    floating_ips: [],
    firewalls: firewalls.map(({ id }) => ({ id, status: "applied" })),
  };
}

function loadBalancersOf({ tables }: Project, server: Server): readonly number[] {
  const balancers = [...tables.load_balancers.values()];
  const aims = ({ targets }: (typeof balancers)[number]) =>
    targets.some((target) => target.type === "server" && target.server.id === server.id);
  return balancers.filter(aims).map(({ id }) => id);
}

/** As the API shows it: user data is never given back, and there is no `datacenter` any more (since 2026-07-01). */
function view(project: Project, server: Server): object {
  const { user_data: _, powered: __, ...shown } = server;
  const group = project.tables.placement_groups.get(server.placement_group ?? 0);
  return {
    ...shown,
    status: status(project, server),
    public_net: publicNet(project, server),
    server_type: pick(serverTypes, server.server_type),
    image: pick(images, server.image),
    location: pick(locations, server.location),
    placement_group: group ? placementGroupView(project, group) : null,
    locked: runningActions(project, { id: server.id, type: "server" }).length > 0,
    ...{ included_traffic: 20 * 1024 ** 4, outgoing_traffic: 0, ingoing_traffic: 0 },
    ...{ rescue_enabled: false, iso: null, volumes: [] },
    load_balancers: loadBalancersOf(project, server),
  };
}

export const servers: Collection<Server> = {
  kind: "servers",
  one: "server",
  table: (tables) => tables.servers,
  view,
};
