import type { Cluster } from "../../config/cluster.ts";

export interface FirewallRule {
  readonly description: string;
  readonly protocol: "tcp" | "icmp";
  /** None for icmp. */
  readonly port: string | undefined;
  readonly sources: readonly string[];
}

const everyone = ["0.0.0.0/0", "::/0"];

const icmp: FirewallRule = {
  ...{ description: "path MTU discovery and ping", protocol: "icmp" },
  ...{ port: undefined, sources: everyone },
};

/** Of the nodes' public interfaces: Hetzner's firewalls let everything pass in the private network. */
export function firewallRules({ api: { allow, via }, ingress }: Cluster): readonly FirewallRule[] {
  // What comes by a load balancer comes by the private network.
  const [apps, api] = [ingress === "node" ? everyone : [], via === "server" ? allow : []];
  const rules: readonly FirewallRule[] = [
    { description: "HTTP to the apps", protocol: "tcp", port: "80", sources: apps },
    { description: "HTTPS to the apps", protocol: "tcp", port: "443", sources: apps },
    { description: "Kubernetes API", protocol: "tcp", port: "6443", sources: api },
    icmp,
  ];
  return rules.filter(({ sources }) => sources.length > 0);
}

export const gatewayRules: readonly FirewallRule[] = [icmp];
