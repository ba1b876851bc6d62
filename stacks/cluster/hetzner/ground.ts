/** SHELL: declares what a cluster's machines stand on: network, firewall, placement groups. */
import type { FirewallRule } from "../plan/firewall.ts";
import * as hcloud from "./hcloud.ts";
import { type Ground, guarded, number, type Site } from "./site.ts";

export const hetznerRules = (rules: readonly FirewallRule[]): hcloud.types.input.FirewallRule[] =>
  rules.map(({ description, protocol, port, sources }) => ({
    direction: "in",
    description,
    protocol,
    ...(port === undefined ? {} : { port }),
    sourceIps: [...sources],
  }));

/** One after the other: a network refuses a second change while one is made, and the provider tries only so often. */
function subnets({ plan, stage, child }: Site, network: hcloud.Network): readonly hcloud.NetworkSubnet[] {
  const made: hcloud.NetworkSubnet[] = [];
  const zone = { networkId: number(network), networkZone: stage.cluster.networkZone, type: "cloud" };
  for (const { name, range } of plan.network.subnets) {
    const args = { ...zone, ipRange: range };
    made.push(new hcloud.NetworkSubnet(name, args, { ...child, dependsOn: made.slice(-1) }));
  }
  return made;
}

export function ground(site: Site): Ground {
  const { plan, child } = site;
  const { range: ipRange, labels } = plan.network;
  const wanted = { name: plan.cluster, ipRange, labels, deleteProtection: plan.protect };
  const network = new hcloud.Network(plan.cluster, wanted, guarded(child, plan.protect));
  const firewall = { name: plan.cluster, labels: plan.firewall.labels, rules: hetznerRules(plan.firewall.rules) };
  return {
    network,
    subnets: subnets(site, network),
    firewall: new hcloud.Firewall(plan.cluster, firewall, child),
    placementGroups: new Map(
      plan.placementGroups.map((group) => [
        group.name,
        new hcloud.PlacementGroup(group.name, { ...group, type: "spread" }, child),
      ]),
    ),
  };
}
