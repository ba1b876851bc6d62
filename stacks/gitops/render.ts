import type { Fleet, Stage } from "../config/fleet.ts";
import { stageOf } from "../config/stage-of.ts";
import { base } from "./base.ts";
import { appDelivery, clusterFolder, placeholders } from "./cluster-folder.ts";
import { mergeCheck } from "./merge-check.ts";
import { readSource } from "./names.ts";
import { overlay } from "./overlay.ts";
import { pullRequests } from "./pull-requests.ts";
import type { Target } from "./target.ts";
import { apiVersions, type Versions } from "./versions.ts";
import { type Manifests, toYaml } from "./yaml.ts";

type Files = Iterable<readonly [path: string, text: string]>;

/** What a stage wants in the GitOps repository; a file is rendered when it is taken, so that not all are in memory at once. */
export interface Rendering {
  /** In no order; can be gone through once. */
  readonly files: Files;
  /** Files that have to exist and belong to `flux bootstrap` once it filled them. */
  readonly placeholders: readonly string[];
  /** Names of the cluster's Flux Kustomizations in flux-system, sorted; bootstrap's own is among them. */
  readonly kustomizations: readonly string[];
}

export interface Tree extends Omit<Rendering, "files"> {
  /** Path to text, sorted by path. */
  readonly files: { readonly [path: string]: string };
}

function kustomizations(cluster: Manifests, { apps }: Stage): readonly string[] {
  const syncs = cluster
    .flatMap(([, objects]) => objects)
    .filter(
      ({ kind, apiVersion }) => kind === "Kustomization" && apiVersion.startsWith("kustomize.toolkit.fluxcd.io/"),
    );
  const names = syncs.map(({ metadata }) => String((metadata as { readonly name?: string }).name));
  return [readSource, ...names, ...apps.map(({ name }) => name)].toSorted();
}

const texts = (manifests: Manifests) => manifests.map(([path, objects]) => [path, toYaml(objects)] as const);

/** One app after the other, so that its objects are let go of before the next one's are made. */
function* files(shared: Files, target: Target): Files {
  const { stage } = target;
  yield* shared;
  for (const app of stage.apps) yield* texts([...base(app), ...overlay(app, stage.name), ...appDelivery(app, target)]);
}

const workflows = (fleet: Fleet, stage: Stage) => ({ ...pullRequests(fleet, stage), ...mergeCheck(fleet, stage) });

/**
 * The files of one stage, its share of the common ones included; the same input gives the same bytes.
 * @throws ConfigError for an unknown stage or a Flux version that nothing can be rendered for
 */
export function rendering(fleet: Fleet, stageName: string, versions: Versions): Rendering {
  const stage = stageOf(fleet, stageName);
  const target = { repository: fleet.repository, stage, api: apiVersions(versions), upgrades: versions };
  const cluster = clusterFolder(target);
  return {
    files: files([...texts(cluster), ...Object.entries(workflows(fleet, stage))], target),
    placeholders: placeholders(stage.path),
    kustomizations: kustomizations(cluster, stage),
  };
}

/** As `rendering`, with all files at once. */
export function render(fleet: Fleet, stageName: string, versions: Versions): Tree {
  const { files, ...rest } = rendering(fleet, stageName, versions);
  return { ...rest, files: Object.fromEntries([...files].toSorted(([a], [b]) => (a < b ? -1 : 1))) };
}
