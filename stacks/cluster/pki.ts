import * as pulumi from "@pulumi/pulumi";
import type { Stage } from "../config/fleet.ts";
import { kubeconfig } from "./kubeconfig.ts";

export interface PkiArgs {
  /** 1 to 40 lowercase letters, digits and '-'; the certificates are named after it. */
  readonly cluster: pulumi.Input<string>;
  /** Another number makes another admin certificate; none is the first. */
  readonly adminRotation?: number;
  /** The same of the agents' token. */
  readonly agentRotation?: number;
  /** Whether another token would reach the cluster; yes, if not given. */
  readonly reached?: boolean;
}

/**
 * A cluster's certificate authorities, join tokens and admin access, known before its first server exists. Served by the
 * plugin in `provider/`; after its creation only the admin certificate and the agents' token ever change.
 */
export class Pki extends pulumi.CustomResource {
  /** PEM by path under /var/lib/rancher/k3s/server/tls, for the first server before its first start. */
  declare readonly serverFiles: pulumi.Output<{ readonly [path: string]: string }>;
  /** Full secure form, `K10<hash>::server:<password>`: what the cluster is born with. Restoring an etcd snapshot needs it. */
  declare readonly serverToken: pulumi.Output<string>;
  /** `K10<hash>::agents.<secret>`: joins agents only, as long as the cluster has its Secret. */
  declare readonly agentToken: pulumi.Output<string>;
  /** PEM chain that signs the API's certificates. */
  declare readonly caCertificate: pulumi.Output<string>;
  declare readonly adminCertificate: pulumi.Output<string>;
  declare readonly adminKey: pulumi.Output<string>;
  /** End of the admin certificate, ISO 8601. An `up` in the 120 days before it renews the certificate. */
  declare readonly expires: pulumi.Output<string>;
  /** Signs new authorities for `k3s certificate rotate-ca`; its place is the state alone, never a node. */
  declare readonly rootCertificate: pulumi.Output<string>;
  declare readonly rootKey: pulumi.Output<string>;

  constructor(name: string, args: PkiArgs, options?: pulumi.CustomResourceOptions) {
    const secret = { serverFiles: undefined, serverToken: undefined, agentToken: undefined };
    const keys = { adminKey: undefined, rootKey: undefined };
    const open = {
      caCertificate: undefined,
      adminCertificate: undefined,
      rootCertificate: undefined,
      expires: undefined,
    };
    const additionalSecretOutputs = Object.keys({ ...secret, ...keys });
    // In every stack's state: the type token is never changed.
    super("gitops:index:Pki", name, { ...args, ...secret, ...keys, ...open }, { ...options, additionalSecretOutputs });
  }
}

/** The provisioner's kubeconfig, known as soon as the endpoint is. */
export function adminKubeconfig(
  { caCertificate, adminCertificate, adminKey }: Pki,
  at: { readonly cluster: string; readonly server: pulumi.Output<string> },
): pulumi.Output<string> {
  return pulumi.secret(pulumi.output({ ...at, caCertificate, adminCertificate, adminKey }).apply(kubeconfig));
}

/**
 * A stage's, with a rotation only where there was one: a stack without has no such input. Done when an update has taken it: what
 * is refused there has made nothing else by then.
 */
export async function stagePki(
  { name, cluster: { protect, rotate, access } }: Stage,
  { cluster, hooks }: { readonly cluster: string; readonly hooks: pulumi.ResourceHookBinding },
): Promise<Pki> {
  const { adminCertificate, agentToken } = rotate;
  const args = {
    ...(adminCertificate > 1 ? { adminRotation: adminCertificate } : {}),
    ...(agentToken > 1 ? { agentRotation: agentToken } : {}),
    ...(access === "none" ? { reached: false } : {}),
  };
  const pki = new Pki(name, { cluster, ...args }, { protect, hooks });
  // A preview makes nothing anyway, and would only take longer.
  if (!pulumi.runtime.isDryRun()) await new Promise((resolve) => pki.urn.apply(resolve));
  return pki;
}
