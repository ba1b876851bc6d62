/** SHELL: declares a cluster's machines. */
import * as hcloud from "@pulumi/hcloud";
import * as pulumi from "@pulumi/pulumi";
import type { NodeSecrets } from "../node-settings.ts";
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

function nodeUserData(node: Node, { fleet, stage, plan, pins, secrets, scripts }: Site): pulumi.Output<string> {
  const told = { node, topology: plan, repository: fleet.repository, path: stage.path, pins };
  return pulumi.secret(nodeSecrets(node, secrets).apply((own) => userData({ ...told, secrets: own }, scripts)));
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
    dependsOn: [...shared.subnets, ...shared.after],
    // They only matter at the first boot, and a change of any would replace a running node.
    ignoreChanges: ["userData", "image", "sshKeys"],
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
