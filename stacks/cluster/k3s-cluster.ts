/** SHELL: one stage's cluster at Hetzner. */
import * as pulumi from "@pulumi/pulumi";
import { addresses } from "./hetzner/addresses.ts";
import { ground } from "./hetzner/ground.ts";
import { loadBalancer } from "./hetzner/load-balancers.ts";
import { servers, told } from "./hetzner/servers.ts";
import type { Addresses, K3sClusterArgs, Servers, Site } from "./hetzner/site.ts";
import { nodeScripts } from "./node-scripts.ts";
import { Nodes } from "./nodes.ts";
import { type Node, type Topology, topology } from "./topology.ts";
import { openUserData } from "./user-data.ts";

export interface NodeAddresses {
  readonly private: string;
  readonly ipv4: string;
  readonly ipv6: string;
}

function nodeAddresses({ nodes }: Topology, made: { readonly servers: Servers; readonly addresses: Addresses }) {
  const entries = nodes.flatMap(({ name, address }) => {
    const [node, ipv4] = [made.servers.get(name), made.addresses.get(name)?.ipAddress];
    return node && ipv4 ? [[name, { private: address, ipv4, ipv6: node.ipv6Address }] as const] : [];
  });
  return pulumi.output(Object.fromEntries(entries));
}

/**
 * Network, firewall, addresses, machines, and a load balancer where several servers are joined through one address. A
 * resource's logical name is its name at Hetzner: it is in every stack's state, and changing one replaces what it names.
 */
export class K3sCluster extends pulumi.ComponentResource {
  /** By name. */
  readonly nodes: pulumi.Output<{ readonly [name: string]: NodeAddresses }>;
  /** The Kubernetes API for people and programs: the first server, behind the firewall. Known before any server is. */
  readonly endpoint: pulumi.Output<string>;
  /** Where the apps' DNS names point: Traefik listens on every node, and the first server's address stays. */
  readonly ingressAddress: pulumi.Output<string>;

  constructor(name: string, args: K3sClusterArgs, options?: pulumi.ComponentResourceOptions) {
    super("k3s-stages:cluster:K3sCluster", name, {}, options);
    const child = { parent: this, hooks: args.hooks ?? {} };
    const planned = { ...args, plan: topology(args.fleet, args.stage), scripts: nodeScripts(), child };
    const { plan, scripts } = planned;
    const firstBoot = (node: Node) => openUserData(told(node, planned), scripts);
    const allowed = { cluster: args.stage.cluster, k3s: args.pins.k3s.version, firstBoot };
    const site: Site = { ...planned, allowed: new Nodes(plan, allowed, child) };
    const shared = ground(site);
    const kept = addresses(site);
    const made = servers(site, { ...shared, addresses: kept });
    loadBalancer(site, shared, made);
    this.nodes = nodeAddresses(site.plan, { servers: made, addresses: kept });
    const [first] = kept.values();
    this.ingressAddress = first?.ipAddress ?? pulumi.output("");
    this.endpoint = pulumi.interpolate`https://${this.ingressAddress}:6443`;
    this.registerOutputs({ nodes: this.nodes, endpoint: this.endpoint, ingressAddress: this.ingressAddress });
  }
}
