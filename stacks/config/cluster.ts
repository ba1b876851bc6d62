/** One stage's cluster after it was checked; a part of `fleet.ts`. */
export interface Cluster {
  /** Of everything that names no other. */
  readonly location: string;
  /** Follows from the location: `nbg1` lies in `eu-central`. */
  readonly networkZone: string;
  /** Hetzner image name of every node; there is one of that name for each architecture. */
  readonly image: string;
  /** The private network, RFC 1918. */
  readonly network: string;
  /** Control plane: an odd number, so that etcd keeps a majority. Fixed addresses: `.11` and up of `subnet`. */
  readonly servers: NodePool & { readonly count: 1 | 3 | 5 };
  /** Agents, sorted by name. A pool's name is its identity. Fixed addresses: `.11` and up of the pool's subnet. */
  readonly pools: readonly (NodePool & { readonly name: string })[];
  /** Who may reach the Kubernetes API, and whether at the first server or at a load balancer. */
  readonly api: { readonly allow: readonly string[]; readonly via: "server" | "load-balancer" };
  /** The machine through which nodes without a public address reach the internet. */
  readonly gateway: { readonly type: string; readonly location: string } | undefined;
  /** Where the apps' DNS names point. */
  readonly ingress: "node" | "load-balancer";
  /** Whether this program reaches the cluster's API: only then it brings Secrets there, and waits until the stage works. */
  readonly access: "direct" | "none";
  /** Generations of what this program makes; a higher one is a new one. */
  readonly rotate: {
    readonly [secret in "deployKey" | "adminCertificate" | "agentToken" | "serverToken"]: number;
  };
  /** Whether what cannot be made again is kept from being deleted. */
  readonly protect: boolean;
  /** How nodes take another k3s; without, they stay what they were made with. */
  readonly upgrades: Upgrades | undefined;
  /** Server 1 of this generation starts the cluster from an etcd snapshot. */
  readonly restore: { readonly snapshot: string; readonly generation: number } | undefined;
  /** Hetzner's type of every load balancer. */
  readonly loadBalancer: string;
  /** Whether Hetzner's cloud controller manager and CSI driver come with the cluster. */
  readonly cloudProvider: "hcloud" | "none";
  /** Where releases are fetched instead of from their own hosts, each below its host's name. */
  readonly mirror?: string | undefined;
  readonly snapshots: Snapshots | undefined;
}

/** Where k3s keeps etcd's snapshots beside the servers' own disks. */
export interface Snapshots {
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly folder: string;
  readonly schedule: string;
  readonly retention: number;
}

export interface Upgrades {
  /** When an upgrade may begin on a node, by English names of days and times of day. */
  readonly window?:
    | { readonly days: readonly string[]; readonly start: string; readonly end: string; readonly timeZone: string }
    | undefined;
}

export interface NodePool {
  readonly count: number;
  /** Hetzner's server type; the architecture follows from it, `cax11` is arm64. */
  readonly type: string;
  /** A part of the private network that belongs to these nodes alone. */
  readonly subnet: string;
  /** By a node's number; 1 where none is given. Raising it replaces that node. */
  readonly generations: { readonly [number: string]: number };
  /** One for all nodes, or one for each. */
  readonly locations: readonly string[];
  /** Of the Kubernetes nodes. */
  readonly labels: { readonly [key: string]: string };
  /** Of the Kubernetes nodes: `key=value:Effect`. */
  readonly taints: readonly string[];
  /** Whether the nodes have addresses on the internet. */
  readonly public: boolean;
}
