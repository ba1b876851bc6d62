import type { Value } from "../../../provider/values.ts";
import { type Client, hasCode } from "./client.ts";
import { computed, flag, given, type Kind, number, replaces, required, text } from "./kind.ts";
import { findBalancer } from "./load-balancers.ts";
import { subnetParts } from "./networks.ts";

const retryOn = ["conflict", "locked", "service_error", "no_subnet_available"];

async function togglePublic(client: Client, id: Value | undefined, wanted: Value | undefined): Promise<void> {
  const enabled = (await findBalancer(client, String(id)))?.public_net.enabled;
  if (enabled === undefined || enabled === (wanted !== false)) return;
  await client.act(`/load_balancers/${id}`, enabled ? "disable_public_interface" : "enable_public_interface");
}

/** internal/loadbalancer/resource_network.go; its id is `<load balancer>-<network>`. */
export const loadBalancerNetwork: Kind = {
  fields: {
    loadBalancerId: number({ ...required, ...replaces }),
    networkId: number({ ...computed, ...replaces }),
    subnetId: text(replaces),
    ip: text({ ...computed, ...replaces }),
    enablePublicInterface: flag({ initially: true }),
  },
  create: async (client, { loadBalancerId, networkId, subnetId, ip, enablePublicInterface }) => {
    const subnet = typeof subnetId === "string" ? subnetParts(subnetId) : undefined;
    const network = subnet?.networkId ?? networkId;
    const body = given({ network, ip, ip_range: subnet?.ipRange });
    try {
      await client.act(`/load_balancers/${loadBalancerId}`, "attach_to_network", { body, retryOn });
    } catch (error) {
      const nets = (await findBalancer(client, String(loadBalancerId)))?.private_net ?? [];
      const isThere = nets.some((net) => net.network === network);
      if (!hasCode(error, "load_balancer_already_attached") || !isThere) throw error;
    }
    await togglePublic(client, loadBalancerId, enablePublicInterface);
    return `${loadBalancerId}-${network}`;
  },
  read: async (client, id, known) => {
    const [balancer = "", network] = id.split("-");
    const found = await findBalancer(client, balancer);
    const net = found?.private_net.find((one) => String(one.network) === network);
    if (!found || !net) return undefined;
    const place = given({ networkId: net.network, subnetId: known["subnetId"] });
    return { ...place, loadBalancerId: found.id, ip: net.ip, enablePublicInterface: found.public_net.enabled };
  },
  update: (client, { inputs }) => togglePublic(client, inputs["loadBalancerId"], inputs["enablePublicInterface"]),
  remove: async (client, id) => {
    const [balancer, network] = id.split("-");
    const body = { network: Number(network) };
    await client
      .act(`/load_balancers/${balancer}`, "detach_from_network", { body, retryOn })
      .catch((error: unknown) => {
        if (!hasCode(error, "not_found")) throw error;
      });
  },
};
