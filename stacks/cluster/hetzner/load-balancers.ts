/** SHELL: declares a cluster's load balancers. */
import * as hcloud from "@pulumi/hcloud";
import { type Ground, number, type Servers, type Site } from "./site.ts";

/**
 * Private only: a load balancer has no firewall, so its public side would open the API to the world. Nodes join through
 * it; for everybody else the API is the first server.
 */
export function loadBalancer(site: Site, { network, subnets }: Ground, nodes: Servers): void {
  const { plan, stage, child } = site;
  if (!plan.loadBalancer) return;
  const { name, address: ip, labels } = plan.loadBalancer;
  const { loadBalancer: loadBalancerType, location } = stage.cluster;
  const balancer = new hcloud.LoadBalancer(name, { name, loadBalancerType, location, labels }, child);
  const loadBalancerId = number(balancer);
  const place = { loadBalancerId, networkId: number(network), ip, enablePublicInterface: false };
  const attached = new hcloud.LoadBalancerNetwork(name, place, { ...child, dependsOn: [...subnets] });
  const healthCheck = { protocol: "tcp", port: 6443, interval: 5, timeout: 3, retries: 3 };
  const ports = { protocol: "tcp", listenPort: 6443, destinationPort: 6443 };
  new hcloud.LoadBalancerService(name, { loadBalancerId: balancer.id, ...ports, healthCheck }, child);
  for (const node of plan.nodes.filter(({ role }) => role === "server")) {
    const target = nodes.get(node.name);
    if (!target) continue;
    const reached = { loadBalancerId, type: "server", serverId: number(target), usePrivateIp: true };
    // The provider gives up on a balancer that is not in the network yet (terraform-provider-hcloud resource_target.go).
    new hcloud.LoadBalancerTarget(node.name, reached, { ...child, dependsOn: [attached, target] });
  }
}
