import { UserError } from "../../../provider/resource.ts";
import type { Properties, Value } from "../../../provider/values.ts";
import { type Action, type Client, hasCode } from "./client.ts";
import { finish, given, objects } from "./kind.ts";
import { subnetParts } from "./networks.ts";

interface Created {
  readonly server: { readonly id: number };
  readonly action: Action;
  readonly next_actions: readonly Action[];
}

interface Named {
  readonly id: number;
  readonly name: string;
}

/** By name, and failing that by id, as hcloud-go's `Get` does. */
async function lookUp(client: Client, kind: string, wanted: Value | undefined): Promise<Named | undefined> {
  const byId = /^\d+$/.test(String(wanted))
    ? await client.find<Record<string, Named>>(`/${kind}/${wanted}`)
    : undefined;
  if (byId) return Object.values(byId)[0];
  const found = await client.request<Record<string, readonly Named[]>>(
    "GET",
    `/${kind}?name=${encodeURIComponent(String(wanted))}`,
  );
  return found[kind]?.[0];
}

async function imageFor(client: Client, { image, serverType }: Properties): Promise<number> {
  const type = (await lookUp(client, "server_types", serverType)) as
    | (Named & { readonly architecture: string })
    | undefined;
  if (!type) throw new UserError(`server type ${serverType} not found`);
  const found = /^\d+$/.test(String(image)) ? await lookUp(client, "images", image) : undefined;
  if (found) return found.id;
  const query = `name=${encodeURIComponent(String(image))}&architecture=${type.architecture}&include_deprecated=true`;
  const { images } = await client.request<{ images: readonly Named[] }>("GET", `/images?${query}`);
  if (!images[0]) throw new UserError(`image ${image} for architecture ${type.architecture} not found`);
  return images[0].id;
}

async function sshKeyIds(client: Client, { sshKeys }: Properties): Promise<readonly number[]> {
  const wanted = Array.isArray(sshKeys) ? sshKeys : [];
  const found = await Promise.all(wanted.map((key) => lookUp(client, "ssh_keys", key)));
  const absent = wanted.find((_, index) => !found[index]);
  if (absent !== undefined) throw new UserError(`SSH key not found: ${absent}`);
  return found.flatMap((key) => key?.id ?? []);
}

const numbers = (value: Value | undefined): readonly number[] => (Array.isArray(value) ? value.map(Number) : []);

function publicNet({ publicNets }: Properties) {
  const [net] = objects(publicNets);
  if (!net) return undefined;
  const { ipv4Enabled, ipv6Enabled, ipv4, ipv6 } = net;
  // An address that is named switches its family on, and none is 0 (ToPublicNetField in internal/server/resource.go).
  return {
    enable_ipv4: ipv4Enabled !== false || Boolean(ipv4),
    enable_ipv6: ipv6Enabled !== false || Boolean(ipv6),
    ...given({ ipv4: ipv4 || undefined, ipv6: ipv6 || undefined }),
  };
}

/** A server without a public address can only be started once it is in its network. */
function startsLater(inputs: Properties): boolean {
  const net = publicNet(inputs);
  return net !== undefined && !net.enable_ipv4 && !net.enable_ipv6 && objects(inputs["networks"]).length > 0;
}

async function creation(client: Client, inputs: Properties): Promise<object> {
  const { name, serverType, location, userData, labels, placementGroupId } = inputs;
  if (placementGroupId && !(await client.find(`/placement_groups/${placementGroupId}`)))
    throw new UserError(`placement group not found: ${placementGroupId}`);
  return {
    image: await imageFor(client, inputs),
    ssh_keys: await sshKeyIds(client, inputs),
    firewalls: numbers(inputs["firewallIds"]).map((firewall) => ({ firewall })),
    ...given({
      name,
      server_type: serverType,
      location,
      user_data: userData,
      labels,
      placement_group: placementGroupId,
    }),
    ...(publicNet(inputs) ? { public_net: publicNet(inputs) } : {}),
    ...(startsLater(inputs) ? { start_after_create: false } : {}),
  };
}

/** By `subnetId` or by `networkId`; being attached already counts as success, even with another address. */
export async function attachInline(client: Client, id: string | number, wanted: Properties): Promise<void> {
  const { networkId, subnetId, ip, aliasIps } = wanted;
  const subnet = typeof subnetId === "string" && subnetId !== "" ? subnetParts(subnetId) : undefined;
  const network = subnet?.networkId ?? networkId;
  if (!network) throw new UserError("hcloud/inlineAttachServerToNetwork: either subnet_id or network_id must be set");
  const body = given({ network, ip: ip || undefined, alias_ips: aliasIps, ip_range: subnet?.ipRange });
  const retryOn = ["conflict", "locked", "service_error", "no_subnet_available"];
  try {
    await client.act(`/servers/${id}`, "attach_to_network", { body, retryOn });
  } catch (error) {
    if (hasCode(error, "server_already_attached")) return;
    const where = "hcloud/inlineAttachServerToNetwork: attach server to network: ";
    throw hasCode(error, "invalid_input") ? error : new UserError(`${where}${(error as Error).message}`);
  }
}

export function protectServer(client: Client, id: string | number, inputs: Properties): Promise<void> {
  const body = { delete: inputs["deleteProtection"] ?? false, rebuild: inputs["rebuildProtection"] ?? false };
  return client.act(`/servers/${id}`, "change_protection", { body });
}

export async function createServer(client: Client, inputs: Properties): Promise<string> {
  const made = await client.request<Created>("POST", "/servers", await creation(client, inputs));
  const { id } = made.server;
  return finish(id, async () => {
    await client.wait(made.action);
    await client.wait(...made.next_actions);
    for (const wanted of objects(inputs["networks"])) await attachInline(client, id, wanted);
    if (startsLater(inputs)) await client.act(`/servers/${id}`, "poweron");
    if (inputs["backups"] === true) await client.act(`/servers/${id}`, "enable_backup");
    if (inputs["deleteProtection"] || inputs["rebuildProtection"]) await protectServer(client, id, inputs);
  });
}
