import { ConfigError } from "../config/error.ts";
import type { Fleet, Stage } from "../config/fleet.ts";
import { base } from "./base.ts";
import { clusterFolder, placeholders } from "./cluster-folder.ts";
import { readSource } from "./names.ts";
import { overlay } from "./overlay.ts";
import { pullRequests } from "./pull-requests.ts";
import { apiVersions, type Versions } from "./versions.ts";
import { type Manifests, toYaml } from "./yaml.ts";

/** What a stage wants in the GitOps repository. */
export interface Tree {
  /** Path to text, sorted by path. */
  readonly files: { readonly [path: string]: string };
  /** Files that have to exist and belong to `flux bootstrap` once it filled them. */
  readonly placeholders: readonly string[];
  /** Names of the cluster's Flux Kustomizations in flux-system, sorted; bootstrap's own is among them. */
  readonly kustomizations: readonly string[];
}

function kustomizations(cluster: Manifests): readonly string[] {
  const syncs = Object.values(cluster)
    .flat()
    .filter(
      ({ kind, apiVersion }) => kind === "Kustomization" && apiVersion.startsWith("kustomize.toolkit.fluxcd.io/"),
    );
  return [readSource, ...syncs.map(({ metadata }) => String((metadata as { readonly name?: string }).name))].toSorted();
}

function stageOf({ stages }: Fleet, name: string): Stage {
  const found = stages.find((stage) => stage.name === name);
  if (found) return found;
  throw new ConfigError(`There is no stage ${name}; Pulumi.yaml has ${stages.map((stage) => stage.name).join(", ")}.`);
}

/**
 * The whole tree of one stage, its share of the common files included; the same input gives the same bytes.
 * @throws ConfigError for an unknown stage or a Flux version that nothing can be rendered for
 */
export function render(fleet: Fleet, stageName: string, versions: Versions): Tree {
  const stage = stageOf(fleet, stageName);
  const apps = stage.apps.map((app): Manifests => ({ ...base(app), ...overlay(app, stage.name) }));
  const cluster = clusterFolder({
    repository: fleet.repository,
    stage,
    api: apiVersions(versions),
    upgrades: versions,
  });
  const manifests: Manifests = Object.assign({}, ...apps, cluster);
  const texts = Object.entries(manifests).map(([path, objects]) => [path, toYaml(objects)] as const);
  const files = [...texts, ...Object.entries(pullRequests(fleet, stage))];
  return {
    files: Object.fromEntries(files.toSorted(([a], [b]) => (a < b ? -1 : 1))),
    placeholders: placeholders(stage.path),
    kustomizations: kustomizations(cluster),
  };
}
