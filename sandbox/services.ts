/** The servers that stand in for the world outside, all on loopback, on ports that are chosen once and kept. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Fleet } from "../stacks/config/fleet.ts";
import { type GitServer, startGit } from "./git/server.ts";
import { type Hetzner, startHetzner } from "./hetzner/start.ts";
import type { Layout } from "./layout.ts";
import { freePorts } from "./ports.ts";
import { startHcloudProvider } from "./providers/hcloud.ts";
import { type Registry, startRegistry } from "./registry/server.ts";

/** Of no account: the official provider wants 64 characters. */
export const dummyToken = "sandbox".padEnd(64, "0");

/** The sandbox's one GitOps repository. */
const repositoryName = "gitops.git";

const names = ["hetzner", "hcloud", "git", "registry"] as const;
type Ports = { readonly [name in (typeof names)[number]]: number };

export interface Services {
  readonly hetzner: Hetzner;
  readonly git: GitServer;
  readonly registry: Registry;
  /** Clone URL of the GitOps repository on the loopback server. */
  readonly repository: string;
  /** What Pulumi's processes have to know to find these servers. */
  readonly env: { readonly [name: string]: string };
  close(): Promise<void>;
}

/** Pulumi's state holds the emulator's address, so a later command must find it where it was. */
async function portsOf({ ports }: Layout): Promise<Ports> {
  if (existsSync(ports)) return JSON.parse(readFileSync(ports, "utf8")) as Ports;
  const free = await freePorts(names.length);
  const chosen = Object.fromEntries(names.map((name, index) => [name, free[index]])) as Ports;
  writeFileSync(ports, `${JSON.stringify(chosen)}\n`);
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

  close = async (): Promise<void> => {
    await Promise.all(this.#all.map((each) => each.close()));
  };
}

async function start(layout: Layout, fleet: Fleet, started: Started): Promise<Services> {
  const ports = await portsOf(layout);
  const { hetzner: stateFile, registry: images, repositories: root } = layout;
  const hetzner = await started.add(startHetzner({ port: ports.hetzner, stateFile, token: dummyToken }));
  const endpoint = { HCLOUD_ENDPOINT: hetzner.url };
  const provider = await started.add(startHcloudProvider({ port: ports.hcloud, env: endpoint }));
  const git = await started.add(startGit({ root, port: ports.git }));
  const registry = await started.add(startRegistry({ port: ports.registry, stateFile: images }));
  await git.createRepository(repositoryName);
  const repository = git.url(repositoryName);
  redirectGit(layout, fleet, repository);
  const attached = { PULUMI_DEBUG_PROVIDERS: `hcloud:${provider.port}` };
  const env = { GIT_CONFIG_GLOBAL: layout.gitConfig, ...endpoint, ...attached };
  return { hetzner, git, registry, repository, env, close: started.close };
}

/** Starts them all, or none. */
export async function startServices(layout: Layout, fleet: Fleet): Promise<Services> {
  const started = new Started();
  return start(layout, fleet, started).catch(async (error: unknown) => {
    await started.close();
    throw error;
  });
}
