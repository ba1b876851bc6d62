import { z } from "zod";
import { actionView, begin } from "./actions.ts";
import { locations } from "./catalogue.ts";
import { contains, formatAddress, isPrivate, overlaps, parseRange, type Range } from "./cidr.ts";
import { type Collection, change, collectionRoutes, find, json } from "./collection.ts";
import { apiError, invalidInput, parseBody } from "./error.ts";
import { labelsSchema } from "./labels.ts";
import type { Network, Route, Subnet } from "./model.ts";
import { checkName, checkQuota, type Project, timestamp } from "./project.ts";
import type { Routes } from "./router.ts";

const attached = (
  items: ReadonlyMap<number, { readonly id: number; readonly private_net: readonly { readonly network: number }[] }>,
  id: number,
) =>
  [...items.values()]
    .filter(({ private_net }) => private_net.some(({ network }) => network === id))
    .map((item) => item.id);

export const networks: Collection<Network> = {
  kind: "networks",
  one: "network",
  table: (tables) => tables.networks,
  view: ({ tables }, network) => ({
    ...network,
    servers: attached(tables.servers, network.id),
    load_balancers: attached(tables.load_balancers, network.id),
  }),
};

export function rangeOf(text: string, field = "ip_range"): Range {
  const range = parseRange(text);
  if (!range) throw invalidInput(field, `${text} is not a network address with its prefix`);
  return range;
}

const subnetSchema = z.object({
  type: z.enum(["cloud", "server", "vswitch"]),
  network_zone: z.enum(locations.map(({ network_zone }) => network_zone)),
  ip_range: z.string(),
});
const route = z.object({ destination: z.string(), gateway: z.ipv4() });
const creation = z.object({
  name: z.string().min(1),
  ip_range: z.string(),
  labels: labelsSchema.default({}),
  subnets: z.array(subnetSchema).default([]),
  routes: z.array(route).default([]),
  expose_routes_to_vswitch: z.boolean().default(false),
});
const protection = z.object({ delete: z.boolean() });
const deletion = z.object({ ip_range: z.string() });

/** The first usable address of the network is its gateway, whatever the subnet. */
function withSubnet(network: Network, { ip_range, type, network_zone }: Omit<Subnet, "gateway">): Network {
  const [outer, inner] = [rangeOf(network.ip_range), rangeOf(ip_range)];
  if (!contains(outer, inner) || inner.bits > 30) throw invalidInput("ip_range", "ip_range is not inside the network");
  if (network.subnets.some((subnet) => overlaps(rangeOf(subnet.ip_range), inner)))
    throw invalidInput("ip_range", "ip_range overlaps with another subnet of the network");
  if (network.subnets.some((subnet) => subnet.network_zone !== network_zone))
    throw invalidInput("network_zone", "all subnets of a network lie in the same network zone");
  const subnet = { type, ip_range, network_zone, gateway: formatAddress(outer.first + 1) };
  return { ...network, subnets: [...network.subnets, subnet] };
}

/** A router of Hetzner's own, on every public interface. */
const publicRouter = "172.31.1.1";

/** Overlaps nothing that the network delivers itself; the default route is the exception. */
function withRoute(network: Network, { destination, gateway }: Route): Network {
  const [outer, wanted, hop] = [
    rangeOf(network.ip_range),
    rangeOf(destination, "destination"),
    rangeOf(`${gateway}/32`),
  ];
  if (!contains(outer, hop) || hop.first === outer.first + 1)
    throw invalidInput("gateway", "must be an address of the network, and not its router");
  const delivered = [
    ...network.subnets.map(({ ip_range }) => ip_range),
    ...network.routes.map((known) => known.destination),
  ];
  const clashes = [...delivered, `${publicRouter}/32`].filter((range) => overlaps(rangeOf(range), wanted));
  const isDefault = wanted.bits === 0 && !network.routes.some((known) => known.destination === destination);
  if (clashes.length > 0 && !isDefault) throw invalidInput("destination", `overlaps with ${clashes[0]}`);
  return { ...network, routes: [...network.routes, { destination, gateway }] };
}

function withoutRoute(network: Network, gone: Route): Network {
  const routes = network.routes.filter(
    ({ destination, gateway }) => destination !== gone.destination || gateway !== gone.gateway,
  );
  if (routes.length === network.routes.length) throw apiError("not_found", "route not found");
  return { ...network, routes };
}

function addressesIn(project: Project, id: number): readonly string[] {
  const { servers, load_balancers } = project.tables;
  return [...servers.values(), ...load_balancers.values()].flatMap(({ private_net }) =>
    private_net.filter(({ network }) => network === id).map(({ ip }) => ip),
  );
}

function withoutSubnet(project: Project, network: Network, ipRange: string): Network {
  const subnets = network.subnets.filter((subnet) => subnet.ip_range !== ipRange);
  if (subnets.length === network.subnets.length) throw apiError("not_found", "subnet not found");
  const range = rangeOf(ipRange);
  const inside = addressesIn(project, network.id).some((ip) => contains(range, rangeOf(`${ip}/32`)));
  // The provider looks for these very words (internal/network/resource_subnet.go).
  if (inside) throw apiError("service_error", "cannot remove subnet because servers are attached to it");
  return { ...network, subnets };
}

function detachAll({ tables: { servers, load_balancers } }: Project, id: number): void {
  for (const server of servers.values())
    servers.set(server.id, { ...server, private_net: server.private_net.filter(({ network }) => network !== id) });
  for (const balancer of load_balancers.values())
    load_balancers.set(balancer.id, {
      ...balancer,
      private_net: balancer.private_net.filter(({ network }) => network !== id),
    });
}

function changeNetwork(
  project: Project,
  network: Network,
  { command, to }: { readonly command: string; readonly to: Network },
) {
  const resources = [{ id: network.id, type: "network" }];
  const action = begin(project, { command, resources }, () => change(networks, project, to));
  return json(201, { action: actionView(project, action) });
}

export const networkRoutes: Routes = {
  ...collectionRoutes(networks),
  "POST /networks": ({ project, body }) => {
    const { subnets, routes, name, labels, ip_range, expose_routes_to_vswitch } = parseBody(creation, body);
    const range = rangeOf(ip_range);
    if (!isPrivate(range) || range.bits > 24) throw invalidInput("ip_range", "must be in RFC 1918 and at least a /24");
    checkName(project, "networks", { name });
    checkQuota(project, "networks");
    const [id, created] = [project.nextId(), timestamp(project.clock())];
    const empty: Network = {
      ...{ id, name, labels, created, ip_range, subnets: [], routes: [], expose_routes_to_vswitch },
      protection: { delete: false },
    };
    const network = routes.reduce(withRoute, subnets.reduce(withSubnet, empty));
    project.tables.networks.set(network.id, network);
    return json(201, { network: networks.view(project, network) });
  },
  "DELETE /networks/:id": ({ project, id }) => {
    if (find(networks, project, id).protection.delete) throw apiError("protected", "network deletion is protected");
    detachAll(project, id);
    project.tables.networks.delete(id);
    return { kind: "empty" };
  },
  "POST /networks/:id/actions/add_subnet": ({ project, id, body }) => {
    const network = find(networks, project, id);
    return changeNetwork(project, network, {
      command: "add_subnet",
      to: withSubnet(network, parseBody(subnetSchema, body)),
    });
  },
  "POST /networks/:id/actions/delete_subnet": ({ project, id, body }) => {
    const network = find(networks, project, id);
    const to = withoutSubnet(project, network, parseBody(deletion, body).ip_range);
    return changeNetwork(project, network, { command: "delete_subnet", to });
  },
  "POST /networks/:id/actions/add_route": ({ project, id, body }) => {
    const network = find(networks, project, id);
    return changeNetwork(project, network, { command: "add_route", to: withRoute(network, parseBody(route, body)) });
  },
  "POST /networks/:id/actions/delete_route": ({ project, id, body }) => {
    const network = find(networks, project, id);
    return changeNetwork(project, network, {
      command: "delete_route",
      to: withoutRoute(network, parseBody(route, body)),
    });
  },
  "POST /networks/:id/actions/change_protection": ({ project, id, body }) => {
    const network = find(networks, project, id);
    return changeNetwork(project, network, {
      command: "change_protection",
      to: { ...network, protection: parseBody(protection, body) },
    });
  },
};
