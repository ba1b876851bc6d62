import type { hcloudClient, State } from "./hcloud-client.ts";
import { publicKey } from "./hetzner-client.ts";

type Client = ReturnType<typeof hcloudClient>;

export const kindsOf = (client: Client) => ({
  network: client.resource("network:Network"),
  subnet: client.resource("networkSubnet:NetworkSubnet"),
  route: client.resource("networkRoute:NetworkRoute"),
  firewall: client.resource("firewall:Firewall"),
  group: client.resource("placementGroup:PlacementGroup"),
  key: client.resource("sshKey:SshKey"),
  address: client.resource("primaryIp:PrimaryIp"),
  server: client.resource("server:Server"),
  balancer: client.resource("loadBalancer:LoadBalancer"),
  balancerNetwork: client.resource("loadBalancerNetwork:LoadBalancerNetwork"),
  service: client.resource("loadBalancerService:LoadBalancerService"),
  target: client.resource("loadBalancerTarget:LoadBalancerTarget"),
});

export const rule = { direction: "in", protocol: "tcp", port: "6443", sourceIps: ["203.0.113.0/24", "::/0"] };
export const userData = "#cloud-config\nruncmd: [true]\n";
export const node = { name: "dev-server-1", serverType: "cpx22", image: "ubuntu-24.04", location: "nbg1" };
export const ids = ({ id }: State) => Number(id);

/** A small cluster as the program asks for it, in the order that its dependencies force. */
export async function clusterOf(client: Client) {
  const kind = kindsOf(client);
  const network = await kind.network.create({ name: "dev", ipRange: "10.10.0.0/16", labels: { stage: "dev" } });
  const zone = { networkZone: "eu-central", type: "cloud", ipRange: "10.10.0.0/24" };
  const subnet = await kind.subnet.create({ networkId: network.id, ...zone });
  const route = await kind.route.create({ networkId: network.id, destination: "0.0.0.0/0", gateway: "10.10.0.9" });
  const firewall = await kind.firewall.create({ name: "dev", rules: [rule] });
  const group = await kind.group.create({ name: "dev", type: "spread" });
  const key = await kind.key.create({ name: "dev", publicKey });
  const address = await kind.address.create({ name: node.name, type: "ipv4", location: node.location });
  const server = await kind.server.create({
    ...{ ...node, userData, labels: { stage: "dev" }, sshKeys: [key.id] },
    ...{
      firewallIds: [ids(firewall)],
      placementGroupId: ids(group),
      publicNets: [{ ipv4: ids(address), ipv4Enabled: true, ipv6Enabled: false }],
    },
    networks: [{ networkId: ids(network), ip: "10.10.0.11", aliasIps: [] }],
  });
  const balancer = await kind.balancer.create({ name: "dev-api", loadBalancerType: "lb11", location: "nbg1" });
  const balancerNetwork = await kind.balancerNetwork.create({
    loadBalancerId: balancer.id,
    subnetId: subnet.id,
    ip: "10.10.0.5",
  });
  const http = { path: "/readyz", tls: true, statusCodes: ["200"] };
  const healthCheck = { protocol: "http", port: 6443, interval: 10, timeout: 5, retries: 3, http };
  const service = await kind.service.create({
    ...{ loadBalancerId: balancer.id, protocol: "tcp" },
    listenPort: 6443,
    destinationPort: 6443,
    healthCheck,
  });
  const target = await kind.target.create({
    ...{ loadBalancerId: balancer.id, type: "server" },
    serverId: server.id,
    usePrivateIp: true,
  });
  return { network, subnet, route, firewall, group, key, address, server, balancer, balancerNetwork, service, target };
}

export type Name = keyof ReturnType<typeof kindsOf>;
/** Of deletion. */
export const order: readonly Name[] = [
  "target",
  "service",
  "balancerNetwork",
  "balancer",
  "server",
  "address",
  "key",
  "group",
  "firewall",
  "route",
  "subnet",
  "network",
];
