import { isProperties, type Properties } from "../../../provider/values.ts";
import type { Action, Client } from "./client.ts";
import {
  computed,
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
import { removeIfThere } from "./networks.ts";

export interface LoadBalancer {
  readonly id: number;
  readonly name: string;
  readonly labels: Properties;
  readonly load_balancer_type: { readonly name: string };
  readonly location: { readonly name: string; readonly network_zone: string };
  readonly algorithm: { readonly type: string };
  readonly protection: { readonly delete: boolean };
  readonly public_net: {
    readonly enabled: boolean;
    readonly ipv4: { readonly ip: string };
    readonly ipv6: { readonly ip: string };
  };
  readonly private_net: readonly { readonly network: number; readonly ip: string }[];
  readonly services: readonly Service[];
  readonly targets: readonly Target[];
}

export interface Service {
  readonly protocol: string;
  readonly listen_port: number;
  readonly destination_port: number;
  readonly proxyprotocol: boolean;
  readonly http: Properties | null;
  readonly health_check: Properties;
}

export type Target = { readonly use_private_ip: boolean } & (
  | { readonly type: "server"; readonly server: { readonly id: number } }
  | { readonly type: "label_selector"; readonly label_selector: { readonly selector: string } }
  | { readonly type: "ip"; readonly ip: { readonly ip: string } }
);

export const findBalancer = async (client: Client, id: string | number): Promise<LoadBalancer | undefined> =>
  (await client.find<{ load_balancer: LoadBalancer }>(`/load_balancers/${id}`))?.load_balancer;

const protect = (client: Client, id: string | number, inputs: Properties) =>
  client.act(`/load_balancers/${id}`, "change_protection", { body: { delete: inputs["deleteProtection"] ?? false } });

function shown(found: LoadBalancer): Properties {
  const [net] = found.private_net;
  return {
    ...{ name: found.name, labels: found.labels, loadBalancerType: found.load_balancer_type.name },
    ...{ location: found.location.name, networkZone: found.location.network_zone, algorithm: { ...found.algorithm } },
    ...{ ipv4: found.public_net.ipv4.ip, ipv6: found.public_net.ipv6.ip, deleteProtection: found.protection.delete },
    targets: found.targets.map((target) =>
      given({ type: target.type, serverId: target.type === "server" ? target.server.id : undefined }),
    ),
    ...given({ networkId: net?.network, networkIp: net?.ip }),
  };
}

/** internal/loadbalancer/resource.go, without the deprecated `targets` as an input. */
export const loadBalancer: Kind = {
  fields: {
    name: text(),
    loadBalancerType: text(required),
    location: text({ ...computed, ...replaces }),
    networkZone: text({ ...computed, ...replaces }),
    algorithm: { type: "object", fields: { type: text(computed) }, ...computed },
    labels: labels(computed),
    deleteProtection: flag(off),
    targets: { type: "set", ...output },
    ipv4: text(output),
    ipv6: text(output),
    networkId: number(output),
    networkIp: text(output),
  },
  create: async (client, inputs) => {
    const { name, loadBalancerType, location, networkZone, algorithm, labels } = inputs;
    const body = given({
      name,
      load_balancer_type: loadBalancerType,
      location,
      network_zone: networkZone,
      algorithm,
      labels,
    });
    const path = "/load_balancers";
    const made = await client.request<{ load_balancer: LoadBalancer; action: Action }>("POST", path, body);
    const { id } = made.load_balancer;
    return finish(id, async () => {
      await client.wait(made.action);
      if (inputs["deleteProtection"]) await protect(client, id, inputs);
    });
  },
  read: async (client, id) => {
    const found = await findBalancer(client, id);
    return found && shown(found);
  },
  update: async (client, change) => {
    const { id, inputs, changed } = change;
    const path = `/load_balancers/${id}`;
    await rename(client, path, change);
    const body = { load_balancer_type: inputs["loadBalancerType"] };
    if (changed("loadBalancerType")) await client.act(path, "change_type", { body });
    const algorithm = inputs["algorithm"] ?? null;
    if (changed("algorithm") && isProperties(algorithm))
      await client.act(path, "change_algorithm", { body: algorithm });
    if (changed("deleteProtection")) await protect(client, id, inputs);
  },
  remove: async (client, id) => {
    if (await findBalancer(client, id)) await removeIfThere(client, `/load_balancers/${id}`);
  },
};
