/** What a repository that was written by hand runs: its stages and apps, as far as its files say. */
import { type FoundApp, foundApp } from "./app.ts";
import { type Channel, commonChannel } from "./channels.ts";
import { type WriteSource, writeSourceOf } from "./delivery.ts";
import { syncsOf } from "./layers.ts";
import { isKustomizationFile, ofFlux, plainPath, type Read } from "./read.ts";

export interface FoundStage {
  readonly name: string;
  /** The cluster's folder. */
  readonly path: string;
  /** `undefined`: its tags show none. */
  readonly channel: Channel | undefined;
}

export interface System {
  /** As the cluster reaches the repository; `undefined` where no file says it. */
  readonly url: string | undefined;
  readonly branch: string | undefined;
  readonly decryption: string | undefined;
  /** What the automations push with, where it is not bootstrap's own. */
  readonly write: WriteSource | undefined;
  /** Newest versions first. */
  readonly stages: readonly FoundStage[];
  readonly apps: readonly FoundApp[];
}

const overlayFolder = /^apps\/([^/]+)\/([^/]+)\/[^/]+$/;

/** Every folder beside a base that kustomize can build: `[app, stage]`. */
function overlays({ documents }: Read): readonly (readonly [string, string])[] {
  const files = [...new Set(documents.map(({ path }) => path))].filter(isKustomizationFile);
  return files.flatMap((path) => {
    const [, app = "", stage = "base"] = overlayFolder.exec(path) ?? [];
    return stage === "base" ? [] : [[app, stage] as const];
  });
}

/** Where the words are usual; a stage of stable tags is the last one, whatever its name. */
const order = [/^(sandbox|test|int)/, /^dev/, /^(test|qa|int)/, /^(stag|pre|uat|acc)/, /^(prod|live)/];

function rank({ name, channel }: FoundStage): number {
  if (channel?.kind === "stable") return order.length;
  const found = order.findIndex((words) => words.test(name));
  return found < 0 ? 2 : found;
}

const clusterOf = (path: string): string => /^clusters\/[^/]+/.exec(path)?.[0] ?? "";

function clusters(read: Read): readonly string[] {
  return [...new Set(Object.keys(read.files).map(clusterOf))].filter((cluster) => cluster !== "").toSorted();
}

/** The cluster whose Flux objects name the stage's overlays, or the one that is called like it. */
function clusterPath(read: Read, stage: string, apps: readonly string[]): string {
  const folders = apps.map((app) => `apps/${app}/${stage}`);
  const syncs = folders.flatMap((folder) => syncsOf(read, folder));
  const automations = ofFlux(read, "ImageUpdateAutomation").filter((each) =>
    folders.includes(plainPath(each.text("spec", "update", "path"))),
  );
  const named = [...syncs, ...automations].map(({ path }) => clusterOf(path)).find((cluster) => cluster !== "");
  const alike = clusters(read).find((cluster) => cluster.slice("clusters/".length).startsWith(stage.slice(0, 4)));
  return named ?? alike ?? `clusters/${stage}`;
}

function stages(read: Read, apps: readonly FoundApp[], pairs: readonly (readonly [string, string])[]) {
  const names = [...new Set(pairs.map(([, stage]) => stage))].toSorted();
  const found = names.map((name): FoundStage => {
    const uses = apps.flatMap((app) => app.uses.filter((use) => use.stage === name));
    const own = pairs.filter(([, stage]) => stage === name).map(([app]) => app);
    return { name, path: clusterPath(read, name, own), channel: commonChannel(uses.map(({ tag }) => tag)) };
  });
  return found.toSorted((a, b) => rank(a) - rank(b));
}

const first = (texts: readonly string[]): string | undefined => texts.find((text) => text !== "");

/** Everything that can be known from Git alone. */
export function systemOf(read: Read): System {
  const pairs = overlays(read);
  const names = [...new Set(pairs.map(([app]) => app))].toSorted();
  const apps = names.flatMap((name) => {
    const own = pairs.filter(([app]) => app === name).map(([, stage]) => stage);
    return foundApp(read, name, own) ?? [];
  });
  const found = stages(read, apps, pairs);
  const sources = ofFlux(read, "GitRepository").toSorted((a, b) =>
    a.text("metadata", "name") < b.text("metadata", "name") ? -1 : 1,
  );
  return {
    url: first(sources.map((each) => each.text("spec", "url"))),
    branch: first(sources.map((each) => each.text("spec", "ref", "branch"))),
    decryption: first(
      ofFlux(read, "Kustomization").map((each) => each.text("spec", "decryption", "secretRef", "name")),
    ),
    write: writeSourceOf(read),
    stages: found,
    apps: apps.map((app) => ({
      ...app,
      uses: found.flatMap(({ name }) => app.uses.filter((use) => use.stage === name)),
    })),
  };
}

/** The stage whose cluster a file belongs to. */
export const stageAt = ({ stages: all }: System, path: string): FoundStage | undefined =>
  all.find((stage) => path.startsWith(`${stage.path}/`));
