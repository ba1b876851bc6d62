import type { Role } from "./plan/machine.ts";

/** What matters of a machine beyond its life: what it was made as. */
export interface Made {
  readonly role: Role;
  readonly generation: number;
  readonly type: string;
  /** Hetzner's; empty where it was not yet kept. */
  readonly image: string;
  /** Location, private address and network, and whether the internet reaches it; empty where it was not yet kept. */
  readonly place: string;
  /** At Hetzner and in Pulumi: neither deletes it. */
  readonly protect: boolean;
  /** Digest of what its first boot is told, the cluster's secrets apart. */
  readonly userData: string;
}

export interface MadeNodes {
  readonly [name: string]: Made;
}

/** Gateway and load balancers, as `gateway k3s-stages-prod-gateway`: whether each is protected. */
export interface Others {
  readonly [what: string]: boolean;
}

export interface Fleet {
  readonly nodes: MadeNodes;
  readonly others: Others;
  /** The server that starts the cluster; none when every server joins. */
  readonly starts: string | undefined;
  /** The server whose replacement begins with an etcd snapshot. */
  readonly restores: string | undefined;
  /** Of the token by which servers join. */
  readonly serverToken: number;
  /** With which nodes are made, and to which the cluster is brought where it has upgrades. */
  readonly k3s: string;
  readonly upgrades: boolean;
  /** Whether the cluster's API is. */
  readonly reached: boolean;
  /** Whether a load balancer stands before the API. */
  readonly balanced: boolean;
  /** Nodes that go as they are, by K3S_STAGES_SKIP_DRAIN. */
  readonly skipped: readonly string[];
}

/** What the state knows of the run before; nothing of a new cluster. */
export interface Known {
  readonly nodes: MadeNodes;
  readonly others: Others;
  readonly serverToken: number;
  readonly k3s: string;
}

/** Their names. */
export const servers = (nodes: MadeNodes): readonly string[] =>
  Object.keys(nodes).filter((name) => nodes[name]?.role === "server");
