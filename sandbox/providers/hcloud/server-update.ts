import { UserError } from "../../../provider/resource.ts";
import type { Properties, Value } from "../../../provider/values.ts";
import { type Client, hasCode } from "./client.ts";
import { type Change, objects, rename } from "./kind.ts";
import { subnetParts } from "./networks.ts";
import { attachInline, protectServer } from "./server-create.ts";
import { findServer, type Server } from "./server-state.ts";

/** Switches the server off, hard, and leaves it to the API whether it comes back. */
async function changeType(client: Client, path: string, { inputs, server }: { inputs: Properties; server: Server }) {
  if (server.status === "running") await client.act(path, "poweroff");
  const body = { server_type: inputs["serverType"], upgrade_disk: inputs["keepDisk"] !== true };
  await client.act(path, "change_type", { body });
}

async function detach(client: Client, path: string, network: number): Promise<void> {
  const retryOn = ["conflict", "locked", "service_error"];
  await client.act(path, "detach_from_network", { body: { network }, retryOn }).catch((error: unknown) => {
    if (!hasCode(error, "not_found")) throw error;
  });
}

const networkOf = ({ networkId, subnetId }: Properties): number =>
  typeof subnetId === "string" && subnetId !== "" ? subnetParts(subnetId).networkId : Number(networkId);

const sameSet = (now: readonly Value[], want: Value): boolean =>
  Array.isArray(want) && now.length === want.length && now.every((item) => want.includes(item));

interface Attachment {
  readonly server: Server;
  readonly net: Server["private_net"][number];
  readonly want: Properties | undefined;
}

/** An address cannot be changed, so the attachment is made again; alias addresses can. */
async function changeAttachment(client: Client, path: string, { server, net, want }: Attachment): Promise<void> {
  const { network, ip, alias_ips: known } = net;
  const stays = want?.["ip"] === ip;
  if (!stays) await detach(client, path, network);
  if (!want) return;
  if (!stays) return attachInline(client, server.id, want);
  const alias_ips = want["aliasIps"] ?? [];
  if (!sameSet(known, alias_ips)) await client.act(path, "change_alias_ips", { body: { network, alias_ips } });
}

async function changeNetworks(
  client: Client,
  path: string,
  { inputs, server }: { inputs: Properties; server: Server },
) {
  const wanted = new Map(objects(inputs["networks"]).map((net) => [networkOf(net), net]));
  for (const net of server.private_net)
    await changeAttachment(client, path, { server, net, want: wanted.get(net.network) });
  const known = new Set(server.private_net.map(({ network }) => network));
  for (const [network, want] of wanted) if (!known.has(network)) await attachInline(client, server.id, want);
}

async function changeFirewalls(client: Client, { inputs, server }: { inputs: Properties; server: Server }) {
  const ids = inputs["firewallIds"];
  const wanted = Array.isArray(ids) ? ids.map(Number) : [];
  const known = server.public_net.firewalls.map(({ id }) => id);
  const resources = [{ type: "server", server: { id: server.id } }];
  for (const id of known.filter((one) => !wanted.includes(one)))
    await client.act(`/firewalls/${id}`, "remove_from_resources", { body: { remove_from: resources } });
  for (const id of wanted.filter((one) => !known.includes(one)))
    await client.act(`/firewalls/${id}`, "apply_to_resources", { body: { apply_to: resources } });
}

async function changeGroup(client: Client, path: string, { inputs, server }: { inputs: Properties; server: Server }) {
  if (server.placement_group && server.status !== "off")
    throw new UserError(
      "removing a running server from a placement group is currently not supported in the provider. You can shutdown the server yourself, apply the changes again and then start the server manually as a workaround",
    );
  if (server.placement_group) await client.act(path, "remove_from_placement_group");
  const placement_group = inputs["placementGroupId"];
  if (placement_group) await client.act(path, "add_to_placement_group", { body: { placement_group } });
}

/** In the provider's order (resourceServerUpdate in internal/server/resource.go). */
export async function updateServer(client: Client, change: Change): Promise<void> {
  const { id, inputs, changed } = change;
  const path = `/servers/${id}`;
  const server = await findServer(client, id);
  if (!server) return;
  if (changed("publicNets")) throw new UserError("this stand-in for the hcloud provider cannot change publicNets");
  const work = { inputs, server };
  await rename(client, path, change);
  if (changed("serverType")) await changeType(client, path, work);
  if (changed("backups")) await client.act(path, inputs["backups"] ? "enable_backup" : "disable_backup");
  if (changed("networks")) await changeNetworks(client, path, work);
  if (changed("firewallIds")) await changeFirewalls(client, work);
  if (changed("placementGroupId")) await changeGroup(client, path, work);
  if (changed("deleteProtection", "rebuildProtection")) await protectServer(client, id, inputs);
}
