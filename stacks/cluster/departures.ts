/** SHELL: declares what has to happen before a machine, or a whole stage, goes. */
import * as pulumi from "@pulumi/pulumi";

/** The stage's own certificates; `Pki` has them. */
export interface Access {
  readonly caCertificate: pulumi.Input<string>;
  readonly adminCertificate: pulumi.Input<string>;
  readonly adminKey: pulumi.Input<string>;
}

/** A node's machine, and its API where it is a server that has one of its own. */
export interface Member {
  readonly node: string;
  readonly role: string;
  readonly machine: pulumi.Input<string>;
  readonly api: pulumi.Input<string> | undefined;
}

interface MembershipArgs extends Access {
  readonly node: string;
  readonly role: string;
  readonly machine: pulumi.Input<string>;
  readonly own: pulumi.Input<string>;
  readonly servers: readonly pulumi.Input<string>[];
}

/** A node's place in its cluster: drained, and out of etcd, before its machine is replaced or deleted. */
class Membership extends pulumi.CustomResource {
  constructor(name: string, args: MembershipArgs, options?: pulumi.CustomResourceOptions) {
    // In every stack's state: the type token is never changed.
    super("gitops:index:Membership", name, { ...args }, options);
  }
}

interface GuardArgs extends Access {
  readonly stage: string;
  readonly cluster: string;
  readonly server: pulumi.Input<string>;
  readonly token: pulumi.Input<string>;
  readonly endpoint: string;
}

/** Deleted before everything else of its stage, and not while the cluster has made what would stay at Hetzner. */
class Guard extends pulumi.CustomResource {
  constructor(name: string, args: GuardArgs, options?: pulumi.CustomResourceOptions) {
    // In every stack's state: the type token is never changed.
    super("gitops:index:Guard", name, { ...args }, options);
  }
}

export interface DepartureArgs {
  readonly stage: string;
  readonly name: string;
  readonly cluster: pulumi.Resource & {
    readonly endpoint: pulumi.Output<string>;
    readonly members: readonly Member[];
  };
  readonly pki: Access;
  readonly account: { readonly token: string; readonly endpoint?: string | undefined };
  /** Whether the stage is kept from being deleted. */
  readonly protect: boolean;
  /** Everything else of the stage. */
  readonly after: readonly pulumi.Resource[];
}

/**
 * Last of all, so that a destroy begins here; and ends here where the stage is protected, with or without a preview. Otherwise
 * it would go as far as the first protected machine, and have taken the applications out of the repository by then.
 */
export function departures({ stage, name, cluster, pki, account, protect, after }: DepartureArgs): void {
  const { caCertificate, adminCertificate, adminKey } = pki;
  const access = { caCertificate, adminCertificate, adminKey: pulumi.secret(adminKey) };
  const servers = cluster.members.flatMap(({ role, api }) => (role === "server" ? [api ?? cluster.endpoint] : []));
  const members: Membership[] = [];
  for (const { node, role, machine, api } of cluster.members) {
    // One after the other, so that two servers never leave at once.
    const previous = members.slice(-1);
    const args = { node, role, machine, own: api ?? "", servers, ...access };
    members.push(new Membership(node, args, { dependsOn: [...after, ...previous] }));
  }
  const { token, endpoint = "" } = account;
  const guarded = { stage, cluster: name, server: cluster.endpoint, endpoint, token: pulumi.secret(token), ...access };
  new Guard(stage, guarded, { dependsOn: [cluster, ...after, ...members], protect });
}
