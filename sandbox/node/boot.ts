/**
 * A STAND-IN for a server on its first boot: it reads its user data as cloud-init does, checks it, and for server 1
 * does to the repository what `flux bootstrap` does. What it does not do: no k3s, no API, no network, no script is run, and
 * the Secret that the real node waits for is not asked for.
 */
import { bootstrap } from "./bootstrap.ts";
import { NodeError } from "./error.ts";
import { readNode } from "./read.ts";
import type { BootstrapCommand } from "./settings.ts";

export interface BootArgs {
  /** The server's name at Hetzner. */
  readonly name: string;
  /** Exactly as Hetzner holds it. */
  readonly userData: string;
  /** Clone URL of the GitOps repository, wherever user data says that it is. */
  readonly repository: string;
  /** Runs before each push, where another writer may come first. */
  readonly beforePush?: (() => Promise<void>) | undefined;
}

export interface NodeReport {
  readonly name: string;
  /** `server` or `agent`. */
  readonly role: string;
  /** Of server 1: `flux bootstrap git` as it was called, and the commits it pushed. */
  readonly bootstrap: { readonly command: BootstrapCommand; readonly commits: readonly string[] } | undefined;
}

async function start({ name, userData, repository, beforePush }: BootArgs): Promise<NodeReport> {
  const { role, command } = await readNode(name, userData);
  if (!command) return { name, role, bootstrap: undefined };
  const commits = await bootstrap({ command, repository, beforePush });
  return { name, role, bootstrap: { command, commits } };
}

/** A first boot, or the same one again. @throws NodeError that names the node and all that is wrong */
export async function bootNode(args: BootArgs): Promise<NodeReport> {
  try {
    return await start(args);
  } catch (error) {
    throw error instanceof NodeError ? new NodeError(error.problems, args.name) : error;
  }
}
