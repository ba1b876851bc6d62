/** Registry, Git host, the program as publisher, and the clusters of the stages that a test asks for. */
import { type Registry, startRegistry } from "../../../sandbox/registry/server.ts";
import type { App, Fleet, Stage } from "../../../stacks/config/fleet.ts";
import { resolve } from "../../../stacks/config/resolve.ts";
import { explanation } from "../../../stacks/explain/explanation.ts";
import { type Edits, seedSources } from "../../sources.ts";
import { type AgeKey, newAgeKey } from "./age.ts";
import type { BootstrapArgs } from "./bootstrap.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { type TemporaryFolder, temporaryFolder } from "./folder.ts";
import type { GitHost } from "./git-host.ts";
import { hurried } from "./intervals.ts";
import { startKeyHost } from "./key-host.ts";
import { type Publisher, publisher } from "./publisher.ts";

/** `npm run test:flux -- --long`: the whole time where else a sample of it does. */
export const isLong = process.env["FLUX_LONG"] === "1";

export interface World {
  readonly registry: Registry;
  readonly host: GitHost;
  readonly age: AgeKey;
  /** The seed's system on these servers, with edits. */
  fleet(edits?: FileEdits): Fleet;
  readonly program: Publisher;
  readonly clusters: ReadonlyMap<string, Cluster>;
  /** Starts a stage's cluster; its tree has been published. `run` lets its first server run; once, if not given. */
  boot(fleet: Fleet, stage: string, run?: BootstrapArgs["run"]): Promise<Cluster>;
  push(app: Pick<App, "image">, tag: string): Promise<void>;
  /** The stages that take a tag, as `npm run explain` answers from the repository. */
  takers(app: Pick<App, "image">, tag: string): readonly string[];
  close(): Promise<void>;
}

export function stageOf(fleet: Fleet, name: string): Stage {
  const stage = fleet.stages.find((each) => each.name === name);
  if (!stage) throw new Error(`no stage ${name}`);
  return stage;
}

export function appOf(fleet: Fleet, stage: string, name: string): App {
  const app = stageOf(fleet, stage).apps.find((each) => each.name === name);
  if (!app) throw new Error(`no app ${name} in ${stage}`);
  return app;
}

/** Charts are left out: their releases need a registry of charts, and pods. */
function places(host: GitHost, registry: Registry): Edits {
  const image = (name: string) => `127.0.0.1:${registry.port}/acme/${name}`;
  return {
    "Pulumi.yaml": {
      "repository.url": host.url,
      ...(host.knownHosts ? { "repository.knownHosts": host.knownHosts } : {}),
      "apps.blog.image": image("blog"),
      "apps.other-app.image": image("other-app"),
      "apps.second-other-app.image": image("second-other-app"),
      "infrastructure.cert-manager": null,
      "infrastructure.issuers": ["letsencrypt"],
      notifications: {
        receivers: {
          git: { watches: "git", type: "generic", secret: "webhook-token" },
          images: { watches: "images", type: "generic", secret: "webhook-token" },
        },
      },
    },
    "Pulumi.dev.yaml": { webhooks: { host: "flux.dev.example.com", issuer: "letsencrypt" } },
  };
}

/** As `Edits`; a file that is `null` is left out. */
export interface FileEdits {
  readonly [file: string]: Edits[string] | null;
}

/** Keys of a later edit take the place of an earlier one's; a file that was left out begins anew. */
export function together(...all: readonly FileEdits[]): FileEdits {
  const files = [...new Set(all.flatMap((edits) => Object.keys(edits)))];
  const last = (file: string): FileEdits[string] => {
    const leftOut = all.findLastIndex((edits) => edits[file] === null);
    const parts = all.slice(leftOut + 1).flatMap((edits) => edits[file] ?? []);
    return leftOut >= 0 && parts.length === 0 ? null : Object.assign({}, ...parts);
  };
  return Object.fromEntries(files.map((file) => [file, last(file)]));
}

const repositoryOf = ({ image }: Pick<App, "image">): string => image.split("/").slice(1).join("/");

function filesAt({ repository }: GitHost): ReadonlyMap<string, string> {
  return new Map(repository.files().map((path) => [path, repository.read(path)]));
}

async function closeAll(clusters: Map<string, Cluster>, folder: TemporaryFolder): Promise<void> {
  await Promise.all([...clusters.values()].map((cluster) => cluster.close()));
  folder.remove();
}

export interface WorldOptions {
  /** How many times shorter every interval is than it is rendered; 1, if not given. */
  readonly hurry?: number;
  /** Of the repository; one with a deploy key, if not given. Closed with the world. */
  readonly host?: GitHost;
}

export async function startWorld(name: string, { hurry = 1, host: given }: WorldOptions = {}): Promise<World> {
  const written = hurried(hurry);
  const folder = temporaryFolder(name);
  const [registry, age, host] = await Promise.all([startRegistry(), newAgeKey(folder.path), given ?? startKeyHost()]);
  const clusters = new Map<string, Cluster>();
  return {
    registry,
    host,
    age,
    fleet: (edits = {}) => resolve(seedSources(together(places(host, registry), edits) as Edits)),
    program: publisher(host.pushUrl, written),
    clusters,
    async boot(fleet, stage, run) {
      const args = { fleet, stage: stageOf(fleet, stage), host, folder: folder.path, written };
      const cluster = await startCluster({ ...args, ageKey: age.secret, ...(run ? { run } : {}) });
      clusters.set(stage, cluster);
      return cluster;
    },
    push: (app, tag) => registry.pushTag(repositoryOf(app), tag),
    takers: ({ image }, tag) =>
      explanation(filesAt(host), { image, tag, isLive: true })
        .stages.filter(({ accepted }) => accepted)
        .map(({ stage }) => stage),
    async close() {
      await closeAll(clusters, folder);
      await registry.close();
      await host.close();
    },
  };
}
