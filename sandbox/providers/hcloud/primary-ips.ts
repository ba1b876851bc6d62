import type { Properties } from "../../../provider/values.ts";
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
  replaces,
  required,
  text,
} from "./kind.ts";
import { removeIfThere } from "./networks.ts";
import { findServer } from "./server-state.ts";

interface PrimaryIp {
  readonly id: number;
  readonly name: string;
  readonly type: string;
  readonly ip: string;
  readonly assignee_id: number | null;
  readonly assignee_type: string;
  readonly auto_delete: boolean;
  readonly labels: Properties;
  readonly location: { readonly name: string };
  readonly protection: { readonly delete: boolean };
}

const protect = (client: Client, id: string | number, inputs: Properties) =>
  client.act(`/primary_ips/${id}`, "change_protection", { body: { delete: inputs["deleteProtection"] ?? false } });

/** Of a server that still has it, which is switched off for that and on again. */
async function release(client: Client, id: string, server: number): Promise<void> {
  const { ipv4, ipv6 } = (await findServer(client, server))?.public_net ?? {};
  if (String(ipv4?.id) !== id && String(ipv6?.id) !== id) return;
  await client.act(`/servers/${server}`, "poweroff");
  await client.act(`/primary_ips/${id}`, "unassign");
  await client.act(`/servers/${server}`, "poweron");
}

function shown(ip: PrimaryIp): Properties {
  return {
    ...{ name: ip.name, type: ip.type, labels: ip.labels, location: ip.location.name, autoDelete: ip.auto_delete },
    ...{ assigneeId: ip.assignee_id ?? 0, assigneeType: ip.assignee_type, deleteProtection: ip.protection.delete },
    ipAddress: ip.ip.replace(/\/\d+$/, ""),
    ...given({ ipNetwork: ip.type === "ipv6" ? ip.ip : undefined }),
  };
}

/** internal/primaryip/resource.go, without moving one from server to server. */
export const primaryIp: Kind = {
  fields: {
    name: text(),
    type: text({ ...required, ...replaces }),
    location: text({ ...computed, ...replaces }),
    assigneeId: number(computed),
    assigneeType: text(computed),
    autoDelete: flag(off),
    labels: labels(),
    deleteProtection: flag(off),
    ipAddress: text(output),
    ipNetwork: text(output),
  },
  create: async (client, inputs) => {
    const { name, type, location, labels: own = {}, autoDelete } = inputs;
    const body = given({ name, type, location, labels: own, auto_delete: autoDelete });
    const made = await client.request<{ primary_ip: PrimaryIp; action?: Action }>("POST", "/primary_ips", body);
    const { id } = made.primary_ip;
    return finish(id, async () => {
      await client.wait(made.action);
      if (inputs["deleteProtection"]) await protect(client, id, inputs);
    });
  },
  read: async (client, id) => {
    const found = (await client.find<{ primary_ip: PrimaryIp }>(`/primary_ips/${id}`))?.primary_ip;
    return found && shown(found);
  },
  update: async (client, { id, inputs, changed }) => {
    if (changed("deleteProtection")) await protect(client, id, inputs);
    const { name, labels: own = {}, autoDelete } = inputs;
    // Even when it changes nothing, to learn the newest state.
    await client.request("PUT", `/primary_ips/${id}`, given({ name, labels: own, auto_delete: autoDelete }));
  },
  remove: async (client, id, { assigneeId }) => {
    if (typeof assigneeId === "number" && assigneeId !== 0) await release(client, id, assigneeId);
    await removeIfThere(client, `/primary_ips/${id}`);
  },
};
