import { mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { readFleet } from "../stacks/config/files.ts";
import type { Fleet } from "../stacks/config/fleet.ts";
import type { Clusters } from "./cluster/clusters.ts";
import type { Layout } from "./layout.ts";
import { takeLock } from "./lock.ts";
import type { Run } from "./process/execute.ts";
import { findPulumi } from "./pulumi/cli.ts";
import { pulumiEnv } from "./pulumi/env.ts";
import { runPulumi } from "./pulumi/run.ts";
import { type Services, startServices } from "./services.ts";
import { readState, writeState } from "./state-file.ts";
import { makeWorkspace } from "./workspace.ts";

export interface How {
  /** Gives it the terminal. */
  readonly interactive?: boolean;
  /** Ends it as a power cut does. */
  readonly kill?: AbortSignal;
  /** Beside what every run of the sandbox has. */
  readonly env?: { readonly [name: string]: string };
}

/** A running sandbox: the servers answer, and Pulumi can be run in its copy of the project. */
export interface Sandbox {
  readonly layout: Layout;
  readonly fleet: Fleet;
  readonly services: Services;
  /** Where the Pulumi CLI came from. */
  readonly origin: string;
  /** Runs Pulumi without asking anything. */
  pulumi(args: readonly string[], how?: How): Promise<Run>;
}

export interface Opening {
  readonly layout: Layout;
  /** Stops Pulumi softly, so that its state stays valid. */
  readonly signal: AbortSignal;
  /** Begin from nothing instead of going on with what is there. */
  readonly anew?: boolean;
  /** How long an action at Hetzner runs; 20 if not given, seconds at the real one. */
  readonly actionMilliseconds?: number;
}

/** Of this sandbox's state and of nothing else. */
const passphrase = "sandbox";

/** A node that cannot come up is waited for in vain, so Pulumi is stopped and the node's own words are shown. */
async function watched(
  clusters: Clusters,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<Run>,
): Promise<Run> {
  const failed = new AbortController();
  const end = clusters.watch((problem) => {
    console.error(problem);
    failed.abort();
  });
  return run(AbortSignal.any([signal, failed.signal])).finally(end);
}

async function withServices({ layout, signal }: Opening, fleet: Fleet, services: Services): Promise<Sandbox> {
  const { pulumi, origin } = await findPulumi(console.log, signal);
  const always = {
    ...pulumiEnv({ backend: layout.backend, home: layout.pulumiHome, passphrase }),
    ...services.env,
  };
  return {
    layout,
    fleet,
    services,
    origin,
    pulumi: (args, { interactive = false, kill, env = {} } = {}) =>
      watched(services.clusters, signal, (both) =>
        runPulumi({ pulumi, cwd: layout.work, args, env: { ...always, ...env }, interactive, signal: both, kill }),
      ),
  };
}

async function prepared(opening: Opening): Promise<Sandbox> {
  const { layout, actionMilliseconds } = opening;
  for (const folder of [layout.backend, layout.pulumiHome, layout.repositories]) mkdirSync(folder, { recursive: true });
  makeWorkspace(layout);
  const { fleet } = readFleet(layout.work);
  const services = await startServices(layout, fleet, actionMilliseconds);
  return withServices(opening, fleet, services).catch(async (error: unknown) => {
    await services.close();
    throw error;
  });
}

/** Nothing stays but the range of the servers' addresses: on macOS somebody added each of them by hand. */
function clear({ root, ports }: Layout): void {
  const range = readState<{ readonly range: string }>(ports)?.range;
  rmSync(root, { recursive: true, force: true });
  if (range === undefined) return;
  mkdirSync(dirname(ports), { recursive: true });
  writeState(ports, { range });
}

export interface OpenSandbox extends Sandbox {
  close(): Promise<void>;
}

/** Takes the sandbox and starts its servers; `close` stops them and gives it back. @throws SandboxError when it is taken */
export async function openSandbox(opening: Opening): Promise<OpenSandbox> {
  const { layout, anew = false } = opening;
  const release = takeLock(layout.lock, () => {
    if (anew) clear(layout);
  });
  try {
    const sandbox = await prepared(opening);
    return { ...sandbox, close: () => sandbox.services.close().finally(release) };
  } catch (error) {
    release();
    throw error;
  }
}

/** An open sandbox for as long as `use` runs. */
export async function withSandbox<T>(opening: Opening, use: (sandbox: Sandbox) => Promise<T>): Promise<T> {
  const sandbox = await openSandbox(opening);
  try {
    return await use(sandbox);
  } finally {
    await sandbox.close();
  }
}
