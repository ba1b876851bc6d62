/** SHELL: declares one stage's cluster at Hetzner. */
import * as hcloud from "@pulumi/hcloud";
import * as pulumi from "@pulumi/pulumi";
import type { Fleet, Stage } from "../config/fleet.ts";
import type { Pins } from "../config/pins.ts";
import { nodeScripts } from "./node-scripts.ts";
import type { NodeSecrets } from "./node-settings.ts";
import { type Node, type Topology, topology } from "./topology.ts";
import { type NodeScripts, userData } from "./user-data.ts";

/** What the cluster's nodes are told; `Pki` has it. */
interface ClusterSecrets {
  /** PEM by path under /var/lib/rancher/k3s/server/tls. */
  readonly serverFiles: pulumi.Input<{ readonly [path: string]: string }>;
  readonly serverToken: pulumi.Input<string>;
  readonly agentToken: pulumi.Input<string>;
}

export interface K3sClusterArgs {
  readonly fleet: Fleet;
  readonly stage: Stage;
  readonly pins: Pins;
  readonly secrets: ClusterSecrets;
  /** Of every resource at Hetzner; under mocks there can be none. */
  readonly hooks?: pulumi.ResourceHookBinding;
}

export interface NodeAddresses {
  readonly private: string;
  readonly ipv4: string;
  readonly ipv6: string;
}

/** A provider's id, which is text in Pulumi, as the number that its other resources ask for. */
const number = ({ id }: pulumi.CustomResource): pulumi.Output<number> => id.apply(Number);

interface Site extends K3sClusterArgs {
  readonly plan: Topology;
  readonly scripts: NodeScripts;
  /** Options of every child. */
  readonly child: pulumi.CustomResourceOptions;
}

/** What the machines share. */
interface Ground {
  readonly network: hcloud.Network;
  readonly subnets: readonly hcloud.NetworkSubnet[];
  readonly firewall: hcloud.Firewall;
  readonly placementGroups: ReadonlyMap<string, hcloud.PlacementGroup>;
}

function ground({ plan, stage, child }: Site): Ground {
  const { range: ipRange, labels } = plan.network;
  const network = new hcloud.Network(plan.cluster, { name: plan.cluster, ipRange, labels }, child);
  const zone = { networkId: number(network), networkZone: stage.cluster.networkZone, type: "cloud" };
  const firewall = { name: plan.cluster, labels: plan.firewall.labels, rules: firewallRules(plan) };
  return {
    network,
    subnets: plan.network.subnets.map(
      ({ name, range }) => new hcloud.NetworkSubnet(name, { ...zone, ipRange: range }, child),
    ),
    firewall: new hcloud.Firewall(plan.cluster, firewall, child),
    placementGroups: new Map(
      plan.placementGroups.map((group) => [
        group.name,
        new hcloud.PlacementGroup(group.name, { ...group, type: "spread" }, child),
      ]),
    ),
  };
}

const firewallRules = ({ firewall }: Topology): hcloud.types.input.FirewallRule[] =>
  firewall.rules.map(({ description, protocol, port, sources }) => ({
    direction: "in",
    description,
    protocol,
    ...(port === undefined ? {} : { port }),
    sourceIps: [...sources],
  }));

/** A node is told what its part needs and no more. */
function nodeSecrets({ role, join }: Node, secrets: ClusterSecrets): pulumi.Output<NodeSecrets> {
  const { serverFiles, serverToken, agentToken } = secrets;
  if (role === "agent") return pulumi.output({ agentToken }).apply((own): NodeSecrets => ({ kind: "agent", ...own }));
  const tokens = { serverToken, agentToken };
  if (join !== undefined) return pulumi.output(tokens).apply((own): NodeSecrets => ({ kind: "server", ...own }));
  return pulumi.output({ ...tokens, serverFiles }).apply((own): NodeSecrets => ({ kind: "first", ...own }));
}

function nodeUserData(node: Node, { fleet, stage, plan, pins, secrets, scripts }: Site): pulumi.Output<string> {
  const told = { node, topology: plan, repository: fleet.repository, path: stage.path, pins };
  return pulumi.secret(nodeSecrets(node, secrets).apply((own) => userData({ ...told, secrets: own }, scripts)));
}

function server(node: Node, site: Site, shared: Ground & { readonly after: readonly pulumi.Resource[] }) {
  const { location, image } = site.stage.cluster;
  const group = shared.placementGroups.get(node.placementGroup);
  const args: hcloud.ServerArgs = {
    name: node.name,
    serverType: node.type,
    image,
    location,
    labels: node.labels,
    userData: nodeUserData(node, site),
    firewallIds: [number(shared.firewall)],
    // Without aliasIps the provider detaches and attaches the network in every run (terraform-provider-hcloud#650).
    networks: [{ networkId: number(shared.network), ip: node.address, aliasIps: [] }],
    publicNets: [{ ipv4Enabled: true, ipv6Enabled: true }],
    ...(group ? { placementGroupId: number(group) } : {}),
  };
  return new hcloud.Server(node.name, args, {
    ...site.child,
    dependsOn: [...shared.subnets, ...shared.after],
    // They only matter at the first boot, and a change of any would replace a running node.
    ignoreChanges: ["userData", "image", "sshKeys"],
  });
}

/** In the plan's order, by name. Further servers come after the first, which starts the cluster that they join. */
function servers(site: Site, shared: Ground): ReadonlyMap<string, hcloud.Server> {
  const made = new Map<string, hcloud.Server>();
  for (const node of site.plan.nodes) {
    const after = node.role === "server" ? [...made.values()].slice(0, 1) : [];
    made.set(node.name, server(node, site, { ...shared, after }));
  }
  return made;
}

/**
 * Private only: a load balancer has no firewall, so its public side would open the API to the world. Nodes join through
 * it; for everybody else the API is the first server.
 */
function loadBalancer(site: Site, { network, subnets }: Ground, nodes: ReadonlyMap<string, hcloud.Server>): void {
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

function addresses({ nodes }: Topology, made: ReadonlyMap<string, hcloud.Server>) {
  const entries = nodes.flatMap(({ name, address }) => {
    const node = made.get(name);
    return node ? [[name, { private: address, ipv4: node.ipv4Address, ipv6: node.ipv6Address }] as const] : [];
  });
  return pulumi.output(Object.fromEntries(entries));
}

/**
 * Network, firewall, machines, and a load balancer where several servers are joined through one address. A resource's
 * logical name is its name at Hetzner: it is in every stack's state, and changing one replaces what it names.
 */
export class K3sCluster extends pulumi.ComponentResource {
  /** By name. */
  readonly nodes: pulumi.Output<{ readonly [name: string]: NodeAddresses }>;
  /** The Kubernetes API for people and programs: the first server, behind the firewall. */
  readonly endpoint: pulumi.Output<string>;
  /** Where the apps' DNS names point: Traefik listens on every node, and the first server is the one that stays. */
  readonly ingressAddress: pulumi.Output<string>;

  constructor(name: string, args: K3sClusterArgs, options?: pulumi.ComponentResourceOptions) {
    super("k3s-stages:cluster:K3sCluster", name, {}, options);
    const child = { parent: this, hooks: args.hooks ?? {} };
    const site: Site = { ...args, plan: topology(args.fleet, args.stage), scripts: nodeScripts(), child };
    const shared = ground(site);
    const made = servers(site, shared);
    loadBalancer(site, shared, made);
    this.nodes = addresses(site.plan, made);
    const [first] = made.values();
    this.ingressAddress = first?.ipv4Address ?? pulumi.output("");
    this.endpoint = pulumi.interpolate`https://${this.ingressAddress}:6443`;
    this.registerOutputs({ nodes: this.nodes, endpoint: this.endpoint, ingressAddress: this.ingressAddress });
  }
}
