import type { Labels } from "./scope.ts";

export type Role = "server" | "agent";

/** A machine at Hetzner. */
export interface Machine {
  readonly name: string;
  readonly type: string;
  readonly location: string;
  /** In the private network, fixed. */
  readonly address: string;
  /** Whether it is kept from being deleted. */
  readonly protect: boolean;
  readonly labels: Labels;
}

/** Its name is its identity; name, address and group follow from its pool and its number alone. */
export interface Node extends Machine {
  readonly role: Role;
  /** `server`, or the agents' pool. */
  readonly pool: string;
  /** Raising it replaces the machine; name and address stay. */
  readonly generation: number;
  readonly placementGroup: string;
  /** The API that it joins; none for the server that starts the cluster. */
  readonly join: string | undefined;
  /** Whether it sees to `flux bootstrap`: server 1, also where it joins, for it may be made again before Flux ever came. */
  readonly bootstraps: boolean;
  /** Whether it has addresses on the internet; a node without reaches it through the gateway. */
  readonly public: boolean;
  /** What Kubernetes is told of it when it joins; taints as `key=value:Effect`. */
  readonly kubernetes: { readonly labels: Labels; readonly taints: readonly string[] };
}
