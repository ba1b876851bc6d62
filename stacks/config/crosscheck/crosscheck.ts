import type { Problem } from "../error.ts";
import { name } from "../schema/names.ts";
import type { Written } from "../schema/schema.ts";
import { crosscheckApps } from "./apps.ts";
import { crosscheckChannels } from "./channels.ts";
import { crosscheckCluster } from "./cluster.ts";
import { duplicates } from "./duplicates.ts";
import { crosscheckInfrastructure } from "./infrastructure.ts";
import { crosscheckNotifications } from "./notifications.ts";
import { crosscheckPatches } from "./patches.ts";
import { crosscheckReserved } from "./reserved.ts";
import { crosscheckRollout } from "./rollout.ts";
import { crosscheckSoak } from "./soak.ts";

function crosscheckStages({ shared }: Written): readonly Problem[] {
  const stages = shared.stages.map((stage, index) => ({ ...stage, index }));
  const clash = (key: "name" | "path", why: string) =>
    duplicates(
      stages,
      (stage) => stage[key],
      (stage, first) => ({
        file: "Pulumi.yaml",
        path: ["stages", stage.index, key],
        message: `the same as stages[${first.index}].${key} (${first.name}); ${why}`,
      }),
    );
  return [
    ...clash("name", "a stage is known by its name"),
    ...clash("path", "two clusters on one folder overwrite each other (fluxcd/flux2#964)"),
    ...crosscheckChannels(shared),
    ...nestedPaths(stages),
  ];
}

function nestedPaths(stages: readonly { readonly path: string; readonly name: string; readonly index: number }[]) {
  return stages.flatMap((inner) =>
    stages
      .filter((outer) => inner.path.startsWith(`${outer.path}/`))
      .map((outer) => ({
        file: "Pulumi.yaml",
        path: ["stages", inner.index, "path"],
        message: `lies inside ${outer.path}, the folder of ${outer.name}, which would apply it too`,
      })),
  );
}

/** Pulumi allows more in a project's name than Hetzner and a certificate's common name do (64 characters in all). */
function crosscheckNames({ project, shared }: Written): readonly Problem[] {
  const message = "the servers are named after it: use lowercase letters, digits and '-', a letter first";
  const wrong = name.safeParse(project).success ? [] : [{ file: "Pulumi.yaml", path: ["name"], message }];
  const long = shared.stages.flatMap((stage, index) =>
    `${project}-${stage.name}`.length > 40
      ? [
          {
            file: "Pulumi.yaml",
            path: ["stages", index, "name"],
            message: `${project}-${stage.name} has more than 40 letters`,
          },
        ]
      : [],
  );
  return [...wrong, ...long];
}

/** Every rule that compares values with each other, over all files at once. */
export function crosscheck(written: Written): readonly Problem[] {
  const stages = [...crosscheckNames(written), ...crosscheckStages(written)];
  const clusters = Object.entries(written.stacks).flatMap(([stage, { cluster }]) =>
    crosscheckCluster({ project: written.project, stage, cluster }),
  );
  // Two stages that cannot be told apart make every app of theirs a clash: say the cause, not its echoes.
  const rollout = [...crosscheckRollout(written), ...crosscheckSoak(written)];
  const beside = [
    ...crosscheckInfrastructure(written),
    ...crosscheckNotifications(written),
    ...crosscheckPatches(written),
    ...crosscheckReserved(written),
  ];
  const apps = stages.length > 0 ? [] : crosscheckApps(written);
  return [...stages, ...apps, ...rollout, ...beside, ...clusters];
}
