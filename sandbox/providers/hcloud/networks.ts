import type { Properties } from "../../../provider/values.ts";
import { type Client, hasCode } from "./client.ts";
import {
  finish,
  flag,
  given,
  type Kind,
  labels,
  number,
  off,
  output,
  rename,
  replaces,
  required,
  text,
} from "./kind.ts";

interface Network {
  readonly id: number;
  readonly name: string;
  readonly ip_range: string;
  readonly labels: Properties;
  readonly protection: { readonly delete: boolean };
  readonly expose_routes_to_vswitch: boolean;
  readonly routes: readonly { readonly destination: string; readonly gateway: string }[];
  readonly subnets: readonly {
    readonly type: string;
    readonly ip_range: string;
    readonly network_zone: string;
    readonly gateway: string;
  }[];
}

const findNetwork = async (client: Client, id: string | number): Promise<Network | undefined> =>
  (await client.find<{ network: Network }>(`/networks/${id}`))?.network;

/** Deletes what may be gone already. */
export async function removeIfThere(client: Client, path: string): Promise<void> {
  await client.request("DELETE", path).catch((error: unknown) => {
    if (!hasCode(error, "not_found")) throw error;
  });
}

const protect = (client: Client, id: string | number, inputs: Properties) =>
  client.act(`/networks/${id}`, "change_protection", { body: { delete: inputs["deleteProtection"] ?? false } });

/** internal/network/resource.go */
export const network: Kind = {
  fields: {
    name: text(),
    ipRange: text({ ...required, ...replaces }),
    labels: labels(),
    deleteProtection: flag(off),
    exposeRoutesToVswitch: flag(off),
  },
  create: async (client, inputs) => {
    const { name, ipRange, labels = {}, exposeRoutesToVswitch } = inputs;
    const body = { name, ip_range: ipRange, labels, expose_routes_to_vswitch: exposeRoutesToVswitch ?? false };
    const { network: made } = await client.request<{ network: Network }>("POST", "/networks", body);
    return finish(made.id, async () => {
      if (inputs["deleteProtection"]) await protect(client, made.id, inputs);
    });
  },
  read: async (client, id) => {
    const found = await findNetwork(client, id);
    return (
      found && {
        ...{ name: found.name, ipRange: found.ip_range, labels: found.labels },
        deleteProtection: found.protection.delete,
        exposeRoutesToVswitch: found.expose_routes_to_vswitch,
      }
    );
  },
  update: async (client, change) => {
    await rename(client, `/networks/${change.id}`, change);
    if (change.changed("deleteProtection")) await protect(client, change.id, change.inputs);
  },
  remove: (client, id) => removeIfThere(client, `/networks/${id}`),
};

/** `<network>-<range>`, the id that Terraform made up for it. */
export function subnetParts(id: string): { readonly networkId: number; readonly ipRange: string } {
  const [networkId = "", ...range] = id.split("-");
  return { networkId: Number(networkId), ipRange: range.join("-") };
}

const stillAttached = (error: unknown): boolean =>
  hasCode(error, "service_error") && /servers are attached|network has attached resources/.test(error.message);

/** internal/network/resource_subnet.go; the real one asks 50 times, about 45 minutes, before it gives up silently. */
export const networkSubnet: Kind = {
  fields: {
    networkId: number({ ...required, ...replaces }),
    type: text({ ...required, ...replaces }),
    networkZone: text({ ...required, ...replaces }),
    ipRange: text({ ...required, ...replaces }),
    vswitchId: number(replaces),
    gateway: text(output),
  },
  create: async (client, { networkId, type, networkZone, ipRange }) => {
    const body = { type, network_zone: networkZone, ip_range: ipRange };
    await client.act(`/networks/${networkId}`, "add_subnet", { body, retryOn: ["conflict"] });
    return `${networkId}-${ipRange}`;
  },
  read: async (client, id) => {
    const { networkId, ipRange } = subnetParts(id);
    const found = (await findNetwork(client, networkId))?.subnets.find((subnet) => subnet.ip_range === ipRange);
    return (
      found && given({ networkId, ipRange, type: found.type, networkZone: found.network_zone, gateway: found.gateway })
    );
  },
  remove: async (client, id) => {
    const { networkId, ipRange } = subnetParts(id);
    const retryOn = ["conflict", "locked", "service_error"];
    try {
      await client.act(`/networks/${networkId}`, "delete_subnet", { body: { ip_range: ipRange }, retryOn });
    } catch (error) {
      if (!hasCode(error, "not_found") && !stillAttached(error)) throw error;
    }
  },
};

/** internal/network/resource_route.go; its id is `<network>-<destination>`. */
export const networkRoute: Kind = {
  fields: {
    networkId: number({ ...required, ...replaces }),
    destination: text({ ...required, ...replaces }),
    gateway: text({ ...required, ...replaces }),
  },
  create: async (client, { networkId, destination, gateway }) => {
    const how = { body: { destination, gateway }, retryOn: ["conflict"] };
    await client.act(`/networks/${networkId}`, "add_route", how);
    return `${networkId}-${destination}`;
  },
  read: async (client, id) => {
    const { networkId, ipRange } = subnetParts(id);
    const found = (await findNetwork(client, networkId))?.routes.find(({ destination }) => destination === ipRange);
    return found && { networkId, destination: found.destination, gateway: found.gateway };
  },
  remove: async (client, id, { destination, gateway }) => {
    const path = `/networks/${subnetParts(id).networkId}`;
    // The real one looks the route up first, and takes a network or route that is gone for done.
    const how = { body: { destination, gateway }, retryOn: ["conflict"] };
    await client.act(path, "delete_route", how).catch((error: unknown) => {
      if (!hasCode(error, "not_found")) throw error;
    });
  },
};
