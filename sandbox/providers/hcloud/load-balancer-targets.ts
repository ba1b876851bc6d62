import { createHash } from "node:crypto";
import { UserError } from "../../../provider/resource.ts";
import type { Properties, Value } from "../../../provider/values.ts";
import { type Client, hasCode } from "./client.ts";
import { computed, flag, given, type Kind, number, replaces, required, text } from "./kind.ts";
import { findBalancer, type LoadBalancer, type Target } from "./load-balancers.ts";

const digest = (text: Value | undefined): string => createHash("sha256").update(String(text)).digest("hex");

function targetId({ type, loadBalancerId, serverId, labelSelector, ip }: Properties): string {
  if (type === "server") return `lb-srv-tgt-${serverId}-${loadBalancerId}`;
  if (type === "label_selector") return `lb-label-selector-tgt-${digest(labelSelector)}-${loadBalancerId}`;
  return `lb-ip-tgt-${digest(ip)}-${loadBalancerId}`;
}

function targetBody({ type, serverId, labelSelector, ip }: Properties): Properties {
  if (type === "server") return { type, server: { id: Number(serverId) } };
  if (type === "label_selector") return { type, label_selector: { selector: labelSelector ?? "" } };
  return { type: type ?? "", ip: { ip: ip ?? "" } };
}

function isTarget({ serverId, labelSelector, ip }: Properties, target: Target): boolean {
  if (target.type === "server") return target.server.id === serverId;
  return target.type === "ip" ? target.ip.ip === ip : target.label_selector.selector === labelSelector;
}

function checkAttached(balancer: LoadBalancer, { type, usePrivateIp }: Properties): void {
  if (type !== "server" || !usePrivateIp || balancer.private_net.length > 0) return;
  // The real provider says so after 31 s, because its retry never looks again (resource_target.go:157).
  throw new UserError(
    `hcloud/resourceLoadBalancerCreateServerTarget: load balancer ${balancer.id}: no private networks`,
  );
}

async function addTarget(client: Client, inputs: Properties): Promise<string> {
  const { loadBalancerId, serverId, usePrivateIp, type } = inputs;
  const balancer = await findBalancer(client, String(loadBalancerId));
  if (!balancer) throw new UserError(`load balancer ${loadBalancerId}: not found`);
  if (type === "server" && !(await client.find(`/servers/${serverId}`)))
    throw new UserError(`server ${serverId}: not found`);
  checkAttached(balancer, inputs);
  const body = { ...targetBody(inputs), ...given({ use_private_ip: usePrivateIp }) };
  await client.act(`/load_balancers/${loadBalancerId}`, "add_target", { body }).catch((error: Error) => {
    if (hasCode(error, "target_already_defined")) return;
    throw hasCode(error, "invalid_input") ? error : new UserError(`add ${type} target: ${error.message}`);
  });
  return targetId(inputs);
}

async function removeTarget(client: Client, known: Properties): Promise<void> {
  const balancer = await findBalancer(client, String(known["loadBalancerId"]));
  if (!balancer?.targets.some((target) => isTarget(known, target))) return;
  const how = { body: targetBody(known), retryOn: ["conflict", "locked"] };
  await client.act(`/load_balancers/${balancer.id}`, "remove_target", how);
}

/** internal/loadbalancer/resource_target.go; any change removes the target and adds it again. */
export const loadBalancerTarget: Kind = {
  fields: {
    type: text(required),
    loadBalancerId: number({ ...required, ...replaces }),
    serverId: number(replaces),
    labelSelector: text(replaces),
    ip: text(replaces),
    usePrivateIp: flag(computed),
  },
  create: addTarget,
  read: async (client, _, known) => {
    const balancer = await findBalancer(client, String(known["loadBalancerId"]));
    const found = balancer?.targets.find((target) => isTarget(known, target));
    if (!balancer || !found) return undefined;
    const { serverId, labelSelector, ip } = known;
    const usePrivateIp = found.type === "ip" ? undefined : found.use_private_ip;
    return given({ type: found.type, loadBalancerId: balancer.id, serverId, labelSelector, ip, usePrivateIp });
  },
  update: async (client, { inputs, old }) => {
    await removeTarget(client, old);
    await addTarget(client, inputs);
  },
  remove: (client, _, outputs) => removeTarget(client, outputs),
};
