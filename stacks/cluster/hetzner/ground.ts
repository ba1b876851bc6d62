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

export function ground({ plan, stage, child }: Site): Ground {
  const { range: ipRange, labels } = plan.network;
  const wanted = { name: plan.cluster, ipRange, labels, deleteProtection: plan.protect };
  const network = new hcloud.Network(plan.cluster, wanted, guarded(child, plan.protect));
  const zone = { networkId: number(network), networkZone: stage.cluster.networkZone, type: "cloud" };
  const firewall = { name: plan.cluster, labels: plan.firewall.labels, rules: hetznerRules(plan.firewall.rules) };
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
