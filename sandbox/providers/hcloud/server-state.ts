import type { Properties } from "../../../provider/values.ts";
import type { Client } from "./client.ts";
import { given, objects } from "./kind.ts";

export interface Server {
  readonly id: number;
  readonly name: string;
  readonly status: string;
  readonly labels: Properties;
  readonly server_type: { readonly name: string };
  readonly image: { readonly id: number; readonly name: string } | null;
  readonly location: { readonly name: string };
  readonly primary_disk_size: number;
  readonly backup_window: string | null;
  readonly placement_group: { readonly id: number } | null;
  readonly protection: { readonly delete: boolean; readonly rebuild: boolean };
  readonly public_net: {
    readonly ipv4: { readonly id: number; readonly ip: string } | null;
    readonly ipv6: { readonly id: number; readonly ip: string } | null;
    readonly firewalls: readonly { readonly id: number }[];
  };
  readonly private_net: readonly PrivateNet[];
}

interface PrivateNet {
  readonly network: number;
  readonly ip: string;
  readonly alias_ips: readonly string[];
  readonly mac_address: string;
}

export const findServer = async (client: Client, id: string | number): Promise<Server | undefined> =>
  (await client.find<{ server: Server }>(`/servers/${id}`))?.server;

/** Written as the configuration has it: by `subnetId` or by `networkId`. */
function networkState(
  { network, ip, mac_address: macAddress, alias_ips: aliasIps }: PrivateNet,
  known: readonly Properties[],
) {
  const configured = known.find(
    ({ networkId, subnetId }) => networkId === network || `${subnetId}`.startsWith(`${network}-`),
  );
  const subnetId = typeof configured?.["subnetId"] === "string" ? configured["subnetId"] : undefined;
  return given({ networkId: subnetId ? undefined : network, subnetId, ip, macAddress, aliasIps });
}

function addresses({ public_net: { ipv4, ipv6 } }: Server): Properties {
  const ipv6Network = ipv6?.ip ?? "";
  return {
    ...given({ ipv4Address: ipv4?.ip, ipv6Address: ipv6?.ip.replace(/\/\d+$/, "1") }),
    ipv6Network: ipv6Network === "" ? "<nil>" : ipv6Network,
  };
}

export function serverState(server: Server, known: Properties): Properties {
  const image = String(server.image?.id) === known["image"] ? String(server.image?.id) : server.image?.name;
  const networks = objects(known["networks"]);
  const attached = server.private_net.map((net) => networkState(net, networks));
  return {
    ...{
      name: server.name,
      location: server.location.name,
      status: server.status,
      serverType: server.server_type.name,
    },
    ...{ labels: server.labels, primaryDiskSize: server.primary_disk_size, backups: server.backup_window !== null },
    ...{ backupWindow: server.backup_window ?? "", firewallIds: server.public_net.firewalls.map(({ id }) => id) },
    ...{ deleteProtection: server.protection.delete, rebuildProtection: server.protection.rebuild },
    ...addresses(server),
    ...given({ image, placementGroupId: server.placement_group?.id }),
    // Only for those who attach inline: otherwise ServerNetwork resources would be a diff here.
    ...(networks.length > 0 ? { networks: attached } : {}),
  };
}
