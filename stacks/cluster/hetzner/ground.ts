/** SHELL: declares what a cluster's machines stand on: network, firewall, placement groups. */
import * as hcloud from "@pulumi/hcloud";
import type { Topology } from "../topology.ts";
import { type Ground, number, type Site } from "./site.ts";

const firewallRules = ({ firewall }: Topology): hcloud.types.input.FirewallRule[] =>
  firewall.rules.map(({ description, protocol, port, sources }) => ({
    direction: "in",
    description,
    protocol,
    ...(port === undefined ? {} : { port }),
    sourceIps: [...sources],
  }));

export function ground({ plan, stage, child }: Site): Ground {
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
