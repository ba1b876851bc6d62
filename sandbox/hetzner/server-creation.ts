import { z } from "zod";
import { actionView, begin } from "./actions.ts";
import { privateAddress } from "./addresses.ts";
import { type Image, images, type Location, locations, pick, type ServerType, serverTypes } from "./catalogue.ts";
import { find } from "./collection.ts";
import { apiError, invalidInput, parseBody } from "./error.ts";
import { applyFirewall, firewalls } from "./firewall-resources.ts";
import { labelsSchema } from "./labels.ts";
import type { Action, Server } from "./model.ts";
import { checkPlacementGroup } from "./placement-groups.ts";
import { checkWishes, giveAddresses, newAddresses, type Wishes } from "./primary-ips.ts";
import { checkName, checkQuota, type Project, timestamp } from "./project.ts";
import type { Answer } from "./router.ts";
import { servers } from "./servers.ts";
import { sshKeys } from "./ssh-keys.ts";

const hostname = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/i;
const idOrName = z.union([z.number(), z.string()]);
const notEmulated = z.array(z.never("volumes are not emulated"));

const creation = z.object({
  name: z.string().regex(hostname, "must be a valid hostname (RFC 1123)"),
  server_type: idOrName,
  image: idOrName,
  location: idOrName.default("fsn1"),
  ssh_keys: z.array(idOrName).default([]),
  user_data: z
    .string()
    .refine((text) => Buffer.byteLength(text) <= 32_768, "must be at most 32768 bytes")
    .default(""),
  labels: labelsSchema.default({}),
  firewalls: z.array(z.object({ firewall: z.number() })).default([]),
  networks: z.array(z.number()).default([]),
  placement_group: z.number().nullish(),
  public_net: z
    .object({
      enable_ipv4: z.boolean().default(true),
      enable_ipv6: z.boolean().default(true),
      ipv4: z.number().nullish(),
      ipv6: z.number().nullish(),
    })
    .default({ enable_ipv4: true, enable_ipv6: true }),
  volumes: notEmulated.default([]),
  start_after_create: z.boolean().default(true),
});
type Creation = z.infer<typeof creation>;

interface Choice {
  readonly type: ServerType;
  readonly image: Image;
  readonly location: Location;
}

/** What the type, the image and the location are, and that they go together. */
function choose(wanted: Creation): Choice {
  const type = pick(serverTypes, wanted.server_type);
  if (!type) throw invalidInput("server_type", `server type ${wanted.server_type} not found`);
  const location = pick(locations, wanted.location);
  if (!location) throw invalidInput("location", `location ${wanted.location} not found`);
  const named = images.filter(({ id, name }) => id === Number(wanted.image) || name === wanted.image);
  if (named.length === 0) throw invalidInput("image", `image ${wanted.image} not found`);
  const image = named.find(({ architecture }) => architecture === type.architecture);
  if (!image) throw invalidInput("image", `image architecture does not match the server type's (${type.architecture})`);
  return { type, image, location };
}

/** A type that is not sold here is the caller's mistake, one that is sold out is not. */
function checkCapacity(project: Project, { type, location }: Choice): void {
  const sold = type.locations.find(({ name }) => name === location.name);
  if (!sold) throw invalidInput("server_type", "unsupported location for server type");
  const end = project.faults.withdrawn(location.name, type.name);
  if (end && new Date(end).getTime() <= project.clock()) throw invalidInput("server_type", "server type is deprecated");
  if (!sold.available || !project.faults.takeCapacity(location.name, type.name))
    throw apiError("resource_unavailable", "error during placement");
}

const wishes = ({ public_net: { enable_ipv4, enable_ipv6, ipv4, ipv6 } }: Creation): Wishes => ({
  ...(enable_ipv4 ? { ipv4: ipv4 ?? "new" } : {}),
  ...(enable_ipv6 ? { ipv6: ipv6 ?? "new" } : {}),
});

function checkReferences(project: Project, wanted: Creation): void {
  checkName(project, "servers", { name: wanted.name });
  checkQuota(project, "servers");
  checkQuota(project, "primary_ips", newAddresses(wishes(wanted)));
  for (const { firewall } of wanted.firewalls) find(firewalls, project, firewall);
  if (wanted.firewalls.length > 0 && Object.keys(wishes(wanted)).length === 0)
    throw apiError("private_net_only_server", "the server has no public interface");
  if (wanted.placement_group) checkPlacementGroup(project, wanted.placement_group);
  for (const key of wanted.ssh_keys)
    if (!pick([...sshKeys.table(project.tables).values()], key))
      throw invalidInput("ssh_keys", `SSH key ${key} not found`);
  if (wanted.start_after_create && Object.keys(wishes(wanted)).length === 0 && wanted.networks.length === 0)
    throw invalidInput("public_net", "a server without any network cannot be started");
}

/** Locally administered addresses as Hetzner gives them to private interfaces: 86:00:00 and the interface's number. */
export const macAddress = (id: number): string =>
  `86:00:00:${id
    .toString(16)
    .padStart(6, "0")
    .slice(-6)
    .replace(/(..)(?!$)/g, "$1:")}`;

function build(project: Project, wanted: Creation, { type, image, location }: Choice): Server {
  const attachments = wanted.networks.map((network) => ({
    network,
    ip: privateAddress(project, { network, zone: location.network_zone }),
    alias_ips: [],
    mac_address: macAddress(project.nextId()),
  }));
  return {
    id: project.nextId(),
    ...{ name: wanted.name, labels: wanted.labels, created: timestamp(project.clock()) },
    ...{ server_type: type.name, image: image.id, location: location.name, user_data: wanted.user_data },
    powered: false,
    private_net: attachments,
    placement_group: wanted.placement_group ?? null,
    protection: { delete: false, rebuild: false },
    backup_window: null,
    primary_disk_size: type.disk,
  };
}

function boot(project: Project, server: Server, after: Action): readonly Action[] {
  const start = { command: "start_server", resources: [{ id: server.id, type: "server" }], after };
  return [begin(project, start, () => project.tables.servers.set(server.id, { ...server, powered: true }))];
}

export function createServer(project: Project, body: unknown): Answer {
  const wanted = parseBody(creation, body);
  const choice = choose(wanted);
  checkReferences(project, wanted);
  checkWishes(project, wishes(wanted), choice.location.name);
  checkCapacity(project, choice);
  const server = build(project, wanted, choice);
  project.tables.servers.set(server.id, server);
  giveAddresses(project, server, wishes(wanted));
  for (const { firewall } of wanted.firewalls)
    applyFirewall(project, firewall, { type: "server", server: { id: server.id } });
  const resources = [{ id: server.id, type: "server" }];
  const action = begin(project, { command: "create_server", resources });
  const next = wanted.start_after_create && !action.error ? boot(project, server, action) : [];
  return {
    kind: "json",
    status: 201,
    body: {
      server: servers.view(project, find(servers, project, server.id)),
      action: actionView(project, action),
      next_actions: next.map((follower) => actionView(project, follower)),
      root_password: wanted.ssh_keys.length > 0 ? null : "emulated-and-not-usable",
    },
  };
}
