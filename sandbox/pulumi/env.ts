import { delimiter, dirname } from "node:path";

export interface PulumiPlace {
  /** Folder of the state, for Pulumi's file backend. It has to exist. */
  readonly backend: string;
  /** Pulumi's own folder: credentials, plugins, workspaces. */
  readonly home: string;
  readonly passphrase: string;
}

/** Settings under which Pulumi uses nothing but these folders, and asks nobody. */
export function pulumiEnv({ backend, home, passphrase }: PulumiPlace): { readonly [name: string]: string } {
  return {
    PULUMI_BACKEND_URL: `file://${backend}`,
    PULUMI_HOME: home,
    PULUMI_CONFIG_PASSPHRASE: passphrase,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // A missing plugin is then named at once, instead of after seconds of downloads that may not be possible.
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_DISABLE_CI_DETECTION: "true",
  };
}

/**
 * What could lead a sandbox to the user's own stacks, cloud account, cluster or repository; and Node's cache, which our own
 * npm scripts set for themselves (commands/node.mjs): Pulumi's programs start as in a user's terminal.
 */
const foreign = /^(PULUMI|HCLOUD|HETZNER|KUBE|GIT|GITHUB|FLUX|AWS|AZURE|GOOGLE)_|^KUBECONFIG$|^NODE_COMPILE_CACHE$/;

/** The servers of a sandbox listen on addresses of their own (`127.83.17.5`). */
const loopback = "127.0.0.0/8,127.0.0.1,localhost";

/** The environment of one run: the user's, without what is `foreign`, with `own` on top and this Node found first. */
export function processEnv(
  inherited: NodeJS.ProcessEnv,
  own: { readonly [name: string]: string },
): { readonly [name: string]: string | undefined } {
  const kept = Object.entries(inherited).filter(([name]) => !foreign.test(name));
  const noProxy = [inherited["no_proxy"] ?? inherited["NO_PROXY"], loopback].filter(Boolean).join(",");
  return {
    ...Object.fromEntries(kept),
    PATH: [dirname(process.execPath), inherited["PATH"]].filter(Boolean).join(delimiter),
    no_proxy: noProxy,
    NO_PROXY: noProxy,
    ...own,
  };
}
