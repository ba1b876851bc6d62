/** SHELL: one stage's cluster at Hetzner. */
import * as pulumi from "@pulumi/pulumi";
import type { Member } from "./departures.ts";
import { addresses } from "./hetzner/addresses.ts";
import { ground } from "./hetzner/ground.ts";
import { loadBalancers, targets } from "./hetzner/load-balancers.ts";
import { gateway, servers, told } from "./hetzner/servers.ts";
import type { Front, K3sClusterArgs, Servers, Site } from "./hetzner/site.ts";
import { nodeScripts } from "./node-scripts.ts";
import { Nodes } from "./nodes.ts";
import type { Place } from "./plan/load-balancers.ts";
import type { Node } from "./plan/machine.ts";
import { ServerToken } from "./rotated-token.ts";
import { type Topology, topology } from "./topology.ts";
import { openUserData } from "./user-data.ts";

export interface NodeAddresses {
  readonly private: string;
  /** Empty for a node without a public address. */
  readonly ipv4: string;
  readonly ipv6: string;
}

function nodeAddresses({ nodes }: Topology, { addresses: kept }: Front, made: Servers) {
  const entries = nodes.map(({ name, address }) => {
    const [ipv4, ipv6] = [kept.get(name)?.ipAddress ?? "", kept.has(name) ? (made.get(name)?.ipv6Address ?? "") : ""];
    return [name, { private: address, ipv4, ipv6 }] as const;
  });
  return pulumi.output(Object.fromEntries(entries));
}

/** A server's own API, as who reaches the cluster's reaches it too: where that is a load balancer, the firewall lets nobody to this. */
function apiOf({ name, address }: Node, { api }: Topology, { addresses: kept }: Front): Member["api"] {
  if (api.kind === "load-balancer") return undefined;
  const own = api.kind === "private" ? address : kept.get(name)?.ipAddress;
  return own && pulumi.interpolate`https://${own}:6443`;
}

function members(plan: Topology, front: Front, made: Servers): readonly Member[] {
  return plan.nodes.flatMap((node) => {
    const { name, role } = node;
    const machine = made.get(name);
    const api = role === "server" ? apiOf(node, plan, front) : undefined;
    return machine ? [{ node: name, role, machine: machine.id, api }] : [];
  });
}

function addressOf(place: Place, { addresses: kept, balancers }: Front): pulumi.Output<string> {
  if (place.kind === "private") return pulumi.output(place.address);
  const found = { machine: kept.get(place.name)?.ipAddress, "load-balancer": balancers.get(place.name)?.balancer.ipv4 };
  return found[place.kind] ?? pulumi.output("");
}

/** What servers that are made now join with. Only where it is another than the cluster was born with, somebody has to be told. */
function joinToken(site: Site, servers: readonly pulumi.Input<string>[]): pulumi.Input<string> {
  const { stage, plan, secrets, admin, allowed, child } = site;
  const { serverToken: rotation } = stage.cluster.rotate;
  if (rotation === 1) return secrets.serverToken;
  const { caCertificate, adminCertificate, adminKey } = admin;
  const nodes = plan.nodes.filter(({ role }) => role === "server").map(({ name }) => name);
  const own = { cluster: plan.cluster, rotation, born: allowed.born, token: secrets.serverToken, nodes, servers };
  const args = { ...own, caCertificate, adminCertificate, adminKey };
  return new ServerToken(plan.cluster, args, { ...child, dependsOn: [allowed] }).token;
}

/**
 * Network, firewalls, addresses, load balancers, machines, in this order: what people are told exists before the first
 * machine. A resource's logical name is its name at Hetzner: it is in every stack's state, and changing one replaces what
 * it names.
 */
export class K3sCluster extends pulumi.ComponentResource {
  /** By name. */
  readonly nodes: pulumi.Output<{ readonly [name: string]: NodeAddresses }>;
  /** The Kubernetes API for people and programs. Known before any server is. */
  readonly endpoint: pulumi.Output<string>;
  /** What leaves the cluster before its machine does. */
  readonly members: readonly Member[];
  /** Where the apps' DNS names point: a load balancer, or the first server, whose address stays when it is replaced. */
  readonly ingressAddress: pulumi.Output<string>;

  constructor(name: string, args: K3sClusterArgs, options?: pulumi.ComponentResourceOptions) {
    super("k3s-stages:cluster:K3sCluster", name, {}, options);
    const child = { parent: this, hooks: args.hooks ?? {} };
    const planned = { ...args, plan: topology(args.fleet, args.stage), scripts: nodeScripts(), child };
    const { plan, scripts } = planned;
    const firstBoot = (node: Node) => openUserData(told(node, planned), scripts);
    const allowed = { cluster: args.stage.cluster, k3s: args.pins.k3s.version, firstBoot };
    const site: Site = {
      ...planned,
      allowed: new Nodes(plan, allowed, { ...child, dependsOn: [...(args.after ?? [])] }),
    };
    const shared = ground(site);
    const front: Front = { addresses: addresses(site), balancers: loadBalancers(site, shared) };
    const apiAddress = addressOf(plan.api, front);
    const around = { ...shared, addresses: front.addresses, apiAddress };
    this.endpoint = pulumi.interpolate`https://${apiAddress}:6443`;
    const apis = plan.nodes.flatMap((node) => (node.role === "server" ? (apiOf(node, plan, front) ?? []) : []));
    const joined = { ...site, secrets: { ...site.secrets, serverToken: joinToken(site, [this.endpoint, ...apis]) } };
    const made = servers(joined, around, gateway(site, around));
    targets(site, front, made);
    this.nodes = nodeAddresses(plan, front, made);
    this.members = members(plan, front, made);
    this.ingressAddress = addressOf(plan.ingress, front);
    this.registerOutputs({ nodes: this.nodes, endpoint: this.endpoint, ingressAddress: this.ingressAddress });
  }
}
