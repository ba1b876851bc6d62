/** `pulumi preview` on the real engine, of a stage with 1,000 apps, each from a file of its own. Hetzner is a stand-in. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Sandbox } from "../sandbox/open.ts";
import { initStack, mustRun } from "../sandbox/stage.ts";
import { appFile } from "../stacks/config/app-files.ts";
import { appFiles } from "./applications.ts";
import { type Row, spread, timedPair } from "./measure.ts";
import { inSandbox } from "./sandbox.ts";

/** The stage with all apps, and the one with a tenth of them. */
const [all, tenth] = ["dev", "stage"];
const apps = 1000;

/** Replicas of an app that runs in both stages. */
function edit(work: string, replicas: number): void {
  const file = join(work, appFile("app-00000"));
  writeFileSync(file, readFileSync(file, "utf8").replaceAll(/replicas: \d/g, `replicas: ${replicas}`));
}

async function comparison(sandbox: Sandbox): Promise<readonly Row[]> {
  const { work } = sandbox.layout;
  mkdirSync(join(work, "apps"));
  for (const [file, text] of Object.entries(appFiles(apps, apps / 10))) writeFileSync(join(work, file), text);
  const preview = (stage: string, ...args: string[]) => mustRun(sandbox, ["preview", ...args, "--stack", stage]);
  for (const stage of [all, tenth]) {
    await initStack(sandbox, stage);
    await mustRun(sandbox, ["up", "--yes", "--skip-preview", "--stack", stage]);
  }
  const same = (stage: string) => () => preview(stage, "--expect-no-changes");
  const quiet = await timedPair(3, { ours: same(all), floor: same(tenth) });
  edit(work, 3);
  const diff = (stage: string) => () => preview(stage, "--diff");
  const edited = await timedPair(3, { ours: diff(all), floor: diff(tenth) });
  const printed = async (stage: string) => spread([(await preview(stage, "--diff")).stdout.length]);
  const words = `${apps} apps / ${apps / 10}`;
  return [
    { measure: `preview on the engine, nothing to change, ${words}`, ...quiet, goal: 10 },
    { measure: `preview on the engine, one edit, ${words}`, ...edited, goal: 10 },
    {
      measure: `what a preview prints for one edit, ${words}`,
      ...{ unit: "bytes", ours: await printed(all), floor: await printed(tenth), goal: 1.1 },
    },
  ];
}

export const benchEngineApps = (): Promise<readonly Row[]> => inSandbox(comparison);
