/** SHELL: declares a cluster's machines. */
import * as pulumi from "@pulumi/pulumi";
import { gatewayUserData } from "../gateway.ts";
import type { NodeSecrets } from "../node-settings.ts";
import type { Machine, Node } from "../plan/machine.ts";
import { keepsType } from "../replacements.ts";
import { userData } from "../user-data.ts";
import { hetznerRules } from "./ground.ts";
import * as hcloud from "./hcloud.ts";
import { type ClusterSecrets, type Front, type Ground, guarded, number, type Servers, type Site } from "./site.ts";

/** A node is told what its part needs and no more. */
function nodeSecrets({ role, join, bootstraps }: Node, secrets: ClusterSecrets): pulumi.Output<NodeSecrets> {
  const { serverFiles, serverToken, agentToken, given, snapshot } = secrets;
  if (role === "agent") return pulumi.output({ agentToken }).apply((own): NodeSecrets => ({ kind: "agent", ...own }));
  const known = { serverToken, ...(bootstraps ? { given } : {}) };
  if (join !== undefined) return pulumi.output(known).apply((own): NodeSecrets => ({ kind: "server", ...own }));
  return pulumi.output({ ...known, serverFiles, snapshot }).apply((own): NodeSecrets => ({ kind: "first", ...own }));
}

/** What a node's user data is made of, apart from the cluster's secrets and what is known only once it exists. */
export const told = (node: Node, { fleet, stage, plan, pins }: Omit<Site, "allowed">) => ({
  node,
  topology: plan,
  stage,
  repository: fleet.repository,
  pins,
});

/** What the machines stand on, what stands before them, and the API's address. */
interface Around extends Ground, Pick<Front, "addresses"> {
  readonly apiAddress: pulumi.Output<string>;
}

function nodeUserData(node: Node, site: Site, { apiAddress }: Around): pulumi.Output<string> {
  const { secrets, scripts } = site;
  const text = pulumi
    .all([nodeSecrets(node, secrets), apiAddress])
    .apply(([own, address]) => userData({ ...told(node, site), apiAddress: address, secrets: own }, scripts));
  return pulumi.secret(text);
}

/** Where a machine without a public address is concerned, the provider starts it when its network is attached. */
function publicNets({ name }: Machine, { addresses }: Around): hcloud.types.input.ServerPublicNet[] {
  const address = addresses.get(name);
  if (!address) return [{ ipv4Enabled: false, ipv6Enabled: false }];
  return [{ ipv4Enabled: true, ipv6Enabled: true, ipv4: number(address) }];
}

interface Own {
  readonly userData: pulumi.Input<string>;
  /** Hetzner refuses one for a machine without a public address. */
  readonly firewall: hcloud.Firewall | undefined;
  readonly placementGroup?: hcloud.PlacementGroup | undefined;
  readonly after: readonly pulumi.Resource[];
  readonly options?: pulumi.CustomResourceOptions;
}

/**
 * They only matter at the first boot, and a change of any would replace a running machine or switch it off. After an import the
 * provider would even delete the address that the machine has (updatePublicNet in its server/resource.go), and into a group that
 * was deleted by hand and made again no machine gets while it runs: the `up` would fail each time.
 */
const firstBoot = ["userData", "image", "sshKeys", "publicNets", "placementGroupId"];

function server(machine: Machine, { site, around }: { readonly site: Site; readonly around: Around }, own: Own) {
  const { name, type: serverType, location, labels, protect } = machine;
  const { firewall, placementGroup } = own;
  const args: hcloud.ServerArgs = {
    ...{ name, serverType, image: site.stage.cluster.image, location, labels, userData: own.userData },
    ...(firewall ? { firewallIds: [number(firewall)] } : {}),
    // Without aliasIps the provider detaches and attaches the network in every run (terraform-provider-hcloud#650).
    networks: [{ networkId: number(around.network), ip: machine.address, aliasIps: [] }],
    publicNets: publicNets(machine, around),
    ...(placementGroup ? { placementGroupId: number(placementGroup) } : {}),
    // Hetzner takes the two only together.
    deleteProtection: protect,
    rebuildProtection: protect,
  };
  return new hcloud.Server(name, args, {
    ...guarded(site.child, protect),
    ignoreChanges: firstBoot,
    ...own.options,
    dependsOn: [...around.subnets, ...own.after],
    // Name and address are taken until the old one is gone.
    deleteBeforeReplace: true,
  });
}

/** A machine that is made again gets what matters at its first boot as it is then; until then it keeps its type too. */
const life = (node: Node, { plan: { nodes } }: Site): pulumi.CustomResourceOptions => ({
  ignoreChanges: [...firstBoot, ...(keepsType(nodes, node) ? ["serverType"] : [])],
  replacementTrigger: node.generation,
});

/** What nodes without a public address wait for: the gateway, and the network's route to it. */
export function gateway(site: Site, around: Around): readonly pulumi.Resource[] {
  const { plan, child, scripts } = site;
  const machine = plan.gateway;
  if (!machine) return [];
  const { name, labels, address } = machine;
  const firewall = new hcloud.Firewall(name, { name, labels, rules: hetznerRules(machine.rules) }, child);
  const own = { userData: gatewayUserData(plan, scripts), firewall, after: [] };
  const made = server(machine, { site, around }, own);
  const route = { networkId: number(around.network), destination: "0.0.0.0/0", gateway: address };
  return [new hcloud.NetworkRoute(name, route, { ...child, dependsOn: [made] })];
}

/** By name, all at once: a node that is up before the first server waits for the cluster that it joins (node/join.sh). */
export function servers(site: Site, around: Around, out: readonly pulumi.Resource[]): Servers {
  const made = new Map<string, hcloud.Server>();
  for (const node of site.plan.nodes) {
    const own = {
      userData: nodeUserData(node, site, around),
      firewall: node.public ? around.firewall : undefined,
      placementGroup: around.placementGroups.get(node.placementGroup),
      after: [site.allowed, ...(node.public ? [] : out)],
      options: life(node, site),
    };
    made.set(node.name, server(node, { site, around }, own));
  }
  return made;
}
