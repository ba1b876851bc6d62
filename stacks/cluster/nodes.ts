/** SHELL: declares what the machines of a stage are made as. */
import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../config/cluster.ts";
import type { Node } from "./plan/machine.ts";
import { restores } from "./plan/pools.ts";
import type { Topology } from "./topology.ts";

export interface NodesArgs {
  readonly cluster: Cluster;
  readonly k3s: string;
  /** What a node is told at its first boot, the cluster's secrets apart. */
  readonly firstBoot: (node: Node) => string;
}

const digest = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);

/**
 * What is refused before any machine is touched: two servers replaced at once, the only one without a restore. Served by
 * the plugin in `provider/`; what is created or replaced has to depend on it.
 */
export class Nodes extends pulumi.CustomResource {
  /** The rotation of the servers' token with which the cluster began. */
  declare readonly born: pulumi.Output<number>;

  constructor(plan: Topology, { cluster, k3s, firstBoot }: NodesArgs, options?: pulumi.CustomResourceOptions) {
    const nodes = plan.nodes.map((node) => {
      const { role, generation, type, location, address, protect } = node;
      const place = `${location}, ${address} of ${plan.network.range}, ${node.public ? "public" : "private"}`;
      const made = { role, generation, type, image: cluster.image, place, protect };
      return [node.name, { ...made, userData: digest(firstBoot(node)) }] as const;
    });
    const others = [
      ...(plan.gateway ? [[`gateway ${plan.gateway.name}`, plan.gateway.protect] as const] : []),
      ...plan.loadBalancers.map(({ name }) => [`load balancer ${name}`, plan.protect] as const),
    ];
    const inputs = {
      /** The resource's id. */
      cluster: plan.cluster,
      nodes: Object.fromEntries(nodes),
      ...(others.length > 0 ? { others: Object.fromEntries(others) } : {}),
      /** The server that starts the cluster; empty when every server joins. */
      starts: plan.nodes.find(({ join }) => join === undefined)?.name ?? "",
      /** The server whose replacement begins with an etcd snapshot; empty for none. */
      restores: restores(cluster) ? (plan.nodes[0]?.name ?? "") : "",
      ...(cluster.rotate.serverToken > 1 ? { serverToken: cluster.rotate.serverToken, born: undefined } : {}),
      k3s,
      upgrades: cluster.upgrades !== undefined,
      ...(cluster.access === "none" ? { reached: false } : {}),
      ...(plan.loadBalancers.some(({ check }) => check === "readyz") ? {} : { balanced: false }),
    };
    // In every stack's state: the type token is never changed.
    super("gitops:index:Nodes", plan.cluster, inputs, options);
  }
}
