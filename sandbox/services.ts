/** The servers that stand in for the world outside, all on loopback, on ports that are chosen once and kept. */
import { writeFileSync } from "node:fs";
import type { Fleet } from "../stacks/config/fleet.ts";
import { type Clusters, startClusters } from "./cluster/clusters.ts";
import { type GitServer, startGit } from "./git/server.ts";
import { type GitHub, startGitHub } from "./github/server.ts";
import { type Hetzner, startHetzner } from "./hetzner/start.ts";
import type { Layout } from "./layout.ts";
import { freePorts } from "./ports.ts";
import { startHcloudProvider } from "./providers/hcloud.ts";
import { startKubernetesProvider } from "./providers/kubernetes.ts";
import { type Registry, startRegistry } from "./registry/server.ts";
import { readState, writeState } from "./state-file.ts";

/** Of no account: the official provider wants 64 characters. */
export const dummyToken = "sandbox".padEnd(64, "0");

/** The sandbox's one GitOps repository. */
const repositoryName = "gitops.git";

const names = ["hetzner", "hcloud", "git", "github", "kubernetes", "registry"] as const;
type Ports = { readonly [name in (typeof names)[number]]: number } & {
  /** Of the servers' public addresses, on which they really listen: a part of 127.0.0.0/8 for this sandbox alone. */
  readonly range: string;
};

export interface Services {
  readonly hetzner: Hetzner;
  readonly git: GitServer;
  readonly github: GitHub;
  readonly registry: Registry;
  /** The stand-ins for what runs on the servers. */
  readonly clusters: Clusters;
  /** Clone URL of the GitOps repository on the loopback server. */
  readonly repository: string;
  /** Ends the hcloud provider in the middle of what it does, as a plugin ends with its Pulumi, and starts another. */
  readonly restartHcloud: () => Promise<void>;
  /** What Pulumi's processes have to know to find these servers. */
  readonly env: { readonly [name: string]: string };
  close(): Promise<void>;
}

/** Pulumi's state holds the emulator's address, so a later command must find it where it was. */
async function portsOf({ ports }: Layout): Promise<Ports> {
  const kept = readState<Partial<Ports>>(ports);
  if (kept?.hetzner) return kept as Ports;
  const free = await freePorts(names.length);
  // Named after a port, from 2^14 up to 2^15, that no other sandbox has.
  const [port = 0] = free;
  const range = kept?.range ?? `127.${port >> 8}.${port & 255}`;
  const chosen = { ...Object.fromEntries(names.map((name, index) => [name, free[index]])), range } as Ports;
  writeState(ports, chosen);
  return chosen;
}

/** The program keeps the configured URL; git itself goes to the loopback server instead. */
function redirectGit(layout: Layout, fleet: Fleet, repository: string): void {
  const { url, pushUrl } = fleet.repository;
  const lines = [...new Set([url, pushUrl])].map((configured) => `\tinsteadOf = ${configured}`);
  writeFileSync(layout.gitConfig, [`[url "${repository}"]`, ...lines, ""].join("\n"));
}

interface Closable {
  close(): Promise<unknown>;
}

/** What was started so far, so that a later start that fails leaves nothing running. */
class Started {
  readonly #all: Closable[] = [];

  async add<T extends Closable>(starting: Promise<T>): Promise<T> {
    const started = await starting;
    this.#all.push(started);
    return started;
  }

  /** The last first: what was started later may still ask what was started before. */
  close = async (): Promise<void> => {
    for (const each of this.#all.toReversed()) await each.close();
  };
}

/** One that can be ended in the middle of what it does, and started anew at the same place. */
async function restartable<T extends Closable>(begin: () => Promise<T>) {
  let current = await begin();
  const restart = async () => {
    await current.close();
    current = await begin();
  };
  return { restart, close: () => current.close() };
}

/** The providers that Pulumi is told to attach to, and where they find Hetzner. */
async function startProviders(ports: Ports, hetzner: Hetzner, started: Started) {
  const endpoint = { HCLOUD_ENDPOINT: hetzner.url };
  const hcloud = await started.add(
    restartable(() => startHcloudProvider({ port: ports.hcloud, env: endpoint, pauseMilliseconds: 50 })),
  );
  await started.add(startKubernetesProvider({ port: ports.kubernetes }));
  const attached = `hcloud:${ports.hcloud},kubernetes:${ports.kubernetes}`;
  return { env: { ...endpoint, PULUMI_DEBUG_PROVIDERS: attached }, restartHcloud: hcloud.restart };
}

interface Beginning {
  readonly fleet: Fleet;
  readonly started: Started;
  readonly actionMilliseconds: number | undefined;
}

async function start(layout: Layout, { fleet, started, actionMilliseconds }: Beginning): Promise<Services> {
  const ports = await portsOf(layout);
  const { hetzner: stateFile, registry: images, repositories: root } = layout;
  const emulator = { port: ports.hetzner, stateFile, token: dummyToken, publicRange: ports.range };
  const hetzner = await started.add(
    startHetzner({ ...emulator, ...(actionMilliseconds === undefined ? {} : { actionMilliseconds }) }),
  );
  const { env: attached, restartHcloud } = await startProviders(ports, hetzner, started);
  const git = await started.add(startGit({ root, port: ports.git }));
  const github = await started.add(startGitHub({ port: ports.github, stateFile: layout.github }));
  const registry = await started.add(startRegistry({ port: ports.registry, stateFile: images }));
  await git.createRepository(repositoryName);
  const repository = git.url(repositoryName);
  redirectGit(layout, fleet, repository);
  const head = (branch: string) => git.head(repositoryName, branch);
  const clusters = await started.add(startClusters({ hetzner, repository, head, stateFile: layout.clusters }));
  const env = { GIT_CONFIG_GLOBAL: layout.gitConfig, GITHUB_API_URL: github.url, ...attached };
  return { hetzner, git, github, registry, clusters, repository, restartHcloud, env, close: started.close };
}

/** Starts them all, or none. */
export async function startServices(layout: Layout, fleet: Fleet, actionMilliseconds?: number): Promise<Services> {
  const started = new Started();
  return start(layout, { fleet, started, actionMilliseconds }).catch(async (error: unknown) => {
    await started.close();
    throw error;
  });
}
