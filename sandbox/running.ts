import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { App, Fleet, Stage } from "../stacks/config/fleet.ts";
import { parseImage } from "../stacks/tree/image.ts";
import type { RunningTag } from "./report.ts";
import { lastCommit } from "./repository.ts";

interface Deployment {
  readonly spec: {
    readonly replicas: number;
    readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
  };
}

/** The file of an app's overlay that has the marked image line. */
const patchPath = (app: App, stage: Stage): string => `apps/${app.name}/${stage.name}/deployment-patch.yaml`;

/** What the repository says that an app runs in a stage, read from a clone. */
export function deployment(clone: string, app: App, stage: Stage): { readonly tag: string; readonly replicas: number } {
  const { spec } = parse(readFileSync(join(clone, patchPath(app, stage)), "utf8")) as Deployment;
  const image = spec.template.spec.containers[0]?.image ?? "";
  return { tag: parseImage(image).tag ?? "", replicas: spec.replicas };
}

/** App by app, the tag of a stage and the commit that wrote it. */
export async function runningTags(clone: string, stage: Stage): Promise<readonly RunningTag[]> {
  return Promise.all(
    stage.apps.map(async (app) => ({
      app: app.name,
      tag: deployment(clone, app, stage).tag,
      commit: await lastCommit(clone, patchPath(app, stage)),
    })),
  );
}

/** `stage/app` → tag, over all stages. */
export function allTags(clone: string, { stages }: Fleet): { readonly [place: string]: string } {
  const tags = stages.flatMap((stage) =>
    stage.apps.map((app) => [`${stage.name}/${app.name}`, deployment(clone, app, stage).tag] as const),
  );
  return Object.fromEntries(tags);
}
