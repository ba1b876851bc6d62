/** SHELL: declares a cluster's load balancers, and what is behind them. */
import type { LoadBalancer } from "../plan/load-balancers.ts";
import * as hcloud from "./hcloud.ts";
import { type Front, type Ground, guarded, number, type Servers, type Site } from "./site.ts";

const often = { interval: 5, timeout: 3, retries: 3 };

/**
 * The API is asked over TLS whether it is ready, which it answers to everybody: a connection alone is had from a server that
 * hangs (kube-hetzner#2176). The protocol is http with tls; Hetzner refuses https (kube-hetzner#2188).
 */
function healthCheck(check: LoadBalancer["check"], port: number): hcloud.types.input.LoadBalancerServiceHealthCheck {
  if (check === "tcp") return { protocol: "tcp", port, ...often };
  return { protocol: "http", port, ...often, http: { path: "/readyz", tls: true, statusCodes: ["200"] } };
}

function balancer(wanted: LoadBalancer, { plan, child }: Site, { network, subnets }: Ground) {
  const { name, type: loadBalancerType, location, labels } = wanted;
  const args = { name, loadBalancerType, location, labels, deleteProtection: plan.protect };
  const made = new hcloud.LoadBalancer(name, args, guarded(child, plan.protect));
  const place = { networkId: number(network), ip: wanted.address, enablePublicInterface: wanted.public };
  const attached = new hcloud.LoadBalancerNetwork(
    name,
    { loadBalancerId: number(made), ...place },
    { ...child, dependsOn: [...subnets] },
  );
  for (const port of wanted.ports) {
    const ports = { protocol: "tcp", listenPort: port, destinationPort: port };
    const service = { loadBalancerId: made.id, ...ports, healthCheck: healthCheck(wanted.check, port) };
    new hcloud.LoadBalancerService(wanted.ports.length > 1 ? `${name}-${port}` : name, service, child);
  }
  return [name, { balancer: made, attached }] as const;
}

/** Before the machines: their certificate names the address of one. */
export function loadBalancers(site: Site, shared: Ground): Front["balancers"] {
  return new Map(site.plan.loadBalancers.map((each) => balancer(each, site, shared)));
}

/** As soon as a server exists; the provider gives up on a balancer that is in no network yet (resource_target.go). */
export function targets({ plan, child }: Site, { balancers }: Front, servers: Servers): void {
  for (const { name, targets: behind, check } of plan.loadBalancers) {
    const front = balancers.get(name);
    for (const node of behind) {
      const server = servers.get(node);
      if (!front || !server) continue;
      const reached = { type: "server", serverId: number(server), usePrivateIp: true };
      new hcloud.LoadBalancerTarget(
        check === "readyz" ? node : `${node}-ingress`,
        { loadBalancerId: number(front.balancer), ...reached },
        { ...child, dependsOn: [front.attached, server] },
      );
    }
  }
}
