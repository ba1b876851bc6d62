/** SHELL: what the files that declare a cluster's resources hand to each other. */
import type * as pulumi from "@pulumi/pulumi";
import type { Fleet, Stage } from "../../config/fleet.ts";
import type { Pins } from "../../config/releases/pins.ts";
import type { Access } from "../departures.ts";
import type { NodeScripts } from "../node-files.ts";
import type { GivenSecret } from "../node-settings.ts";
import type { Nodes } from "../nodes.ts";
import type { Topology } from "../topology.ts";
import type * as hcloud from "./hcloud.ts";

/** What the cluster's nodes are told; `Pki` has it. */
export interface ClusterSecrets {
  /** PEM by path under /var/lib/rancher/k3s/server/tls. */
  readonly serverFiles: pulumi.Input<{ readonly [path: string]: string }>;
  readonly serverToken: pulumi.Input<string>;
  readonly agentToken: pulumi.Input<string>;
  /** In user data only where nobody could hand them over (`access: none`). */
  readonly given?: pulumi.Input<readonly GivenSecret[] | undefined>;
  /** Where the etcd snapshot lies that the first server begins with. */
  readonly snapshot?: pulumi.Input<string | undefined>;
}

export interface K3sClusterArgs {
  readonly fleet: Fleet;
  readonly stage: Stage;
  readonly pins: Pins;
  readonly secrets: ClusterSecrets;
  /** By which servers that live are told of another token. */
  readonly admin: Access;
  /** What has to be there before any machine is. */
  readonly after?: readonly pulumi.Resource[];
  /** Of every resource at Hetzner; under mocks there can be none. */
  readonly hooks?: pulumi.ResourceHookBinding;
}

export interface Site extends K3sClusterArgs {
  readonly plan: Topology;
  readonly scripts: NodeScripts;
  /** What the machines may be made as. */
  readonly allowed: Nodes;
  /** Options of every child. */
  readonly child: pulumi.CustomResourceOptions;
}

/** What the machines share. */
export interface Ground {
  readonly network: hcloud.Network;
  readonly subnets: readonly hcloud.NetworkSubnet[];
  readonly firewall: hcloud.Firewall;
  readonly placementGroups: ReadonlyMap<string, hcloud.PlacementGroup>;
}

/** A load balancer in its network, before anything is behind it. */
export interface Balancer {
  readonly balancer: hcloud.LoadBalancer;
  readonly attached: hcloud.LoadBalancerNetwork;
}

/** What is there before the machines, each by the name of the thing. */
export interface Front {
  readonly addresses: ReadonlyMap<string, hcloud.PrimaryIp>;
  readonly balancers: ReadonlyMap<string, Balancer>;
}

export type Servers = ReadonlyMap<string, hcloud.Server>;

/** A provider's id, which is text in Pulumi, as the number that its other resources ask for. */
export const number = ({ id }: pulumi.CustomResource): pulumi.Output<number> => id.apply(Number);

/**
 * What is protected is refused twice: by Pulumi in the preview, and by Hetzner to everybody else. Where Hetzner has its
 * protection Pulumi has its own, or a run would stop in the middle.
 */
export const guarded = (child: pulumi.CustomResourceOptions, protect: boolean) => ({ ...child, protect });
