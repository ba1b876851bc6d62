import type { Properties } from "../provider/values.ts";
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

export type Name = keyof ReturnType<typeof kindsOf>;
export type Made = { readonly [name in Name]: State };

const labels = { cluster: "dev" };
const place = { networkZone: "eu-central", type: "cloud", ipRange: "10.10.0.0/24" };
const http = { path: "/readyz", tls: true, statusCodes: ["200"] };
const healthCheck = { protocol: "http", port: 6443, interval: 10, timeout: 5, retries: 3, http };

/** A small cluster as the program asks for it, in an order that its dependencies force. */
export const wanted: readonly (readonly [Name, (made: Made) => Properties])[] = [
  ["network", () => ({ name: "dev", ipRange: "10.10.0.0/16", labels })],
  ["subnet", ({ network }) => ({ networkId: network.id, ...place })],
  ["route", ({ network }) => ({ networkId: network.id, destination: "0.0.0.0/0", gateway: "10.10.0.9" })],
  ["firewall", () => ({ name: "dev", rules: [rule], labels })],
  ["group", () => ({ name: "dev", type: "spread", labels })],
  ["key", () => ({ name: "dev", publicKey, labels })],
  ["address", () => ({ name: node.name, type: "ipv4", location: node.location, labels })],
  [
    "server",
    ({ network, firewall, group, key, address, subnet: _ }) => ({
      ...{ ...node, userData, labels, sshKeys: [key.id], firewallIds: [ids(firewall)], placementGroupId: ids(group) },
      publicNets: [{ ipv4: ids(address), ipv4Enabled: true, ipv6Enabled: false }],
      networks: [{ networkId: ids(network), ip: "10.10.0.11", aliasIps: [] }],
    }),
  ],
  ["balancer", () => ({ name: "dev-api", loadBalancerType: "lb11", location: "nbg1", labels })],
  [
    "balancerNetwork",
    ({ balancer, subnet }) => ({ loadBalancerId: balancer.id, subnetId: subnet.id, ip: "10.10.0.5" }),
  ],
  [
    "service",
    ({ balancer }) => ({
      ...{ loadBalancerId: balancer.id, protocol: "tcp", listenPort: 6443, destinationPort: 6443, healthCheck },
    }),
  ],
  [
    "target",
    ({ balancer, server, balancerNetwork: _ }) => ({
      ...{ loadBalancerId: balancer.id, type: "server", serverId: server.id, usePrivateIp: true },
    }),
  ],
];

export async function clusterOf(client: Client): Promise<Made> {
  const kind = kindsOf(client);
  const made: { [name in Name]?: State } = {};
  for (const [name, inputs] of wanted) made[name] = await kind[name].create(inputs(made as Made));
  return made as Made;
}

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
