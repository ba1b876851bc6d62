/** SHELL: declares the public addresses of a cluster's machines. */
import * as hcloud from "./hcloud.ts";
import { type Front, guarded, type Site } from "./site.ts";

/**
 * One IPv4 address per machine that is to have one, made before it and kept when it is replaced: what DNS and kubeconfig
 * say stays true. It costs what the address costs that Hetzner makes with a server, and counts once like that.
 */
export function addresses({ plan, child }: Site): Front["addresses"] {
  const made = plan.addresses.map(({ name, location, labels, protect }) => {
    const args = { name, type: "ipv4", location, labels, autoDelete: false, deleteProtection: protect };
    return [name, new hcloud.PrimaryIp(name, args, guarded(child, protect))] as const;
  });
  return new Map(made);
}
