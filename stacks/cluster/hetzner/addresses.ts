/** SHELL: declares the public addresses of a cluster's nodes. */
import * as hcloud from "@pulumi/hcloud";
import type { Addresses, Site } from "./site.ts";

/**
 * One IPv4 address per node, made before the node and kept when it is replaced: what DNS and kubeconfig say stays true. It
 * costs what the address costs that Hetzner makes with a server, and counts once towards the project's limit like that.
 */
export function addresses({ plan, stage, child }: Site): Addresses {
  const { location } = stage.cluster;
  const made = plan.nodes.map(({ name, labels }) => {
    const args = { name, type: "ipv4", location, labels, autoDelete: false };
    return [name, new hcloud.PrimaryIp(name, args, child)] as const;
  });
  return new Map(made);
}
