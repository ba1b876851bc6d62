/** SHELL: declares the token by which servers join once it is another than the cluster was born with. */
import * as pulumi from "@pulumi/pulumi";
import type { Access } from "./departures.ts";

export interface ServerTokenArgs extends Access {
  /** The resource's id. */
  readonly cluster: string;
  /** Another number makes another token. */
  readonly rotation: number;
  /** Of the token in `Pki`. */
  readonly born: pulumi.Input<number>;
  readonly token: pulumi.Input<string>;
  /** Names of all servers. */
  readonly nodes: readonly string[];
  /** Their APIs, `https://203.0.113.7:6443`. */
  readonly servers: readonly pulumi.Input<string>[];
}

/**
 * Done when all servers that live have it. Served by the plugin in `provider/`; whoever joins with it waits for that, by the
 * output that it reads.
 */
export class ServerToken extends pulumi.CustomResource {
  /** Full secure form, `K10<hash>::server:<password>`. */
  declare readonly token: pulumi.Output<string>;

  constructor(name: string, args: ServerTokenArgs, options: pulumi.CustomResourceOptions) {
    const own = { ...args, token: pulumi.secret(args.token), adminKey: pulumi.secret(args.adminKey) };
    // In every stack's state: the type token is never changed.
    super("gitops:index:ServerToken", name, own, { ...options, additionalSecretOutputs: ["token"] });
  }
}
