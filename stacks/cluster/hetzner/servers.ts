/** SHELL: declares a cluster's machines. */
import * as hcloud from "@pulumi/hcloud";
import * as pulumi from "@pulumi/pulumi";
import type { NodeSecrets } from "../node-settings.ts";
import { keepsType } from "../replacements.ts";
import type { Node } from "../topology.ts";
import { userData } from "../user-data.ts";
import { type Addresses, type ClusterSecrets, type Ground, number, type Servers, type Site } from "./site.ts";

/** A node is told what its part needs and no more. */
function nodeSecrets({ role, join }: Node, secrets: ClusterSecrets): pulumi.Output<NodeSecrets> {
  const { serverFiles, serverToken, agentToken } = secrets;
  if (role === "agent") return pulumi.output({ agentToken }).apply((own): NodeSecrets => ({ kind: "agent", ...own }));
  const tokens = { serverToken, agentToken };
  if (join !== undefined) return pulumi.output(tokens).apply((own): NodeSecrets => ({ kind: "server", ...own }));
  return pulumi.output({ ...tokens, serverFiles }).apply((own): NodeSecrets => ({ kind: "first", ...own }));
}

/** What a node's user data is made of, its secrets apart. */
export const told = (node: Node, { fleet, stage, plan, pins }: Omit<Site, "allowed">) => ({
  node,
  topology: plan,
  repository: fleet.repository,
  path: stage.path,
  pins,
});

function nodeUserData(node: Node, site: Site): pulumi.Output<string> {
  const { secrets, scripts } = site;
  const own = nodeSecrets(node, secrets);
  return pulumi.secret(own.apply((secret) => userData({ ...told(node, site), secrets: secret }, scripts)));
}

interface Around extends Ground {
  readonly addresses: Addresses;
}

function server(node: Node, site: Site, shared: Around & { readonly after: readonly pulumi.Resource[] }) {
  const { location, image } = site.stage.cluster;
  const group = shared.placementGroups.get(node.placementGroup);
  const address = shared.addresses.get(node.name);
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
    publicNets: [{ ipv4Enabled: true, ipv6Enabled: true, ...(address ? { ipv4: number(address) } : {}) }],
    ...(group ? { placementGroupId: number(group) } : {}),
  };
  return new hcloud.Server(node.name, args, {
    ...site.child,
    dependsOn: [site.allowed, ...shared.subnets, ...shared.after],
    // They only matter at the first boot, and a change of any would replace a running node or switch it off.
    ignoreChanges: ["userData", "image", "sshKeys", ...(keepsType(site.plan.nodes, node) ? ["serverType"] : [])],
    // A machine that is made again gets them as they are then. Name and address are taken until it is gone.
    replacementTrigger: node.generation,
    deleteBeforeReplace: true,
  });
}

/** In the plan's order, by name. Further servers come after the first, which starts the cluster that they join. */
export function servers(site: Site, around: Around): Servers {
  const made = new Map<string, hcloud.Server>();
  for (const node of site.plan.nodes) {
    const after = node.role === "server" ? [...made.values()].slice(0, 1) : [];
    made.set(node.name, server(node, site, { ...around, after }));
  }
  return made;
}
