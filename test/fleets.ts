/** The seed's system as a checked configuration, variations of it, and its rendered trees as objects. */
import { parseAllDocuments } from "yaml";
import type { App, Fleet, Stage } from "../stacks/config/fleet.ts";
import { resolve } from "../stacks/config/resolve.ts";
import { render, type Tree } from "../stacks/gitops/render.ts";
import type { Versions } from "../stacks/gitops/versions.ts";
import { type Edits, seedSources } from "./sources.ts";

export const versions: Versions = {
  flux: "2.9.4",
  k3s: "v1.36.3+k3s1",
  systemUpgradeController: { version: "v0.20.1", commit: "f1362a3fe1a8d55a0c65847f7c2779909dc7ec95" },
};

export const seed: Fleet = resolve(seedSources());

const guardedApps: Edits[string] = {
  "repository.write": { secret: "gitops-writer", provider: "github", url: "https://github.com/acme/gitops" },
  "apps.blog.pullSecret": "registry",
  "apps.other-app.base": "external",
  "apps.other-app.container": "web",
  "apps.other-app.pullSecret": "registry",
  "apps.other-app.ports": null,
  "apps.other-app.ingress": null,
  "apps.other-app.issuer": null,
};
const byPullRequest = { "overrides.other-app.hosts": null, "overrides.blog.rollout": "pull-request" };

/** Edits of the seed: tags by pull request in stage and prod, a private registry, an external base, a GitHub App. */
export const guardedEdits: Edits = {
  "Pulumi.yaml": guardedApps,
  "Pulumi.dev.yaml": { "overrides.other-app.hosts": null },
  "Pulumi.stage.yaml": byPullRequest,
  "Pulumi.prod.yaml": { ...byPullRequest, "overrides.other-app.rollout": "pull-request" },
};

export const guarded: Fleet = resolve(seedSources(guardedEdits));

/** The seed with one of its stages changed. */
export function withStage(name: string, change: (stage: Stage) => Partial<Stage>): Fleet {
  const stages = seed.stages.map((stage) => (stage.name === name ? { ...stage, ...change(stage) } : stage));
  return { ...seed, stages };
}

/** The seed with one app of one stage changed. */
export function withApp(stage: string, app: string, changes: Partial<App>): Fleet {
  return withStage(stage, ({ apps }) => ({
    apps: apps.map((each) => (each.name === app ? { ...each, ...changes } : each)),
  }));
}

export const treeOf = (stage: string, fleet: Fleet = seed): Tree => render(fleet, stage, versions);

export interface Rendered {
  readonly path: string;
  readonly text: string;
  readonly kind: string;
  // biome-ignore lint/suspicious/noExplicitAny: Kubernetes objects, read by tests only
  readonly object: any;
}

/** Every object of a tree, with the file it is in. */
export function objectsOf({ files }: Tree): readonly Rendered[] {
  return Object.entries(files).flatMap(([path, text]) =>
    parseAllDocuments(text).map((document) => {
      const object = document.toJS();
      return { path, text, kind: object.kind as string, object };
    }),
  );
}

export const trees = seed.stages.map((stage) => {
  const tree = treeOf(stage.name);
  return { stage, tree, objects: objectsOf(tree) };
});

/** Every object of every stage of the seed. */
export const all = trees.flatMap(({ stage, objects }) => objects.map((each) => ({ stage, ...each })));

export const ofKind = (kind: string) => all.filter((each) => each.kind === kind);
