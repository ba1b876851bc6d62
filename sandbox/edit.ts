import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { appFile } from "../stacks/config/app-files.ts";
import type { App, Stage } from "../stacks/config/fleet.ts";
import { SandboxError } from "./error.ts";
import type { Sandbox } from "./open.ts";
import type { Checks } from "./report.ts";
import { commitCount, withClone } from "./repository.ts";
import { deployment } from "./running.ts";
import { heading, step } from "./say.ts";
import { mustRun } from "./stage.ts";

interface Edited {
  readonly stage: Stage;
  readonly app: App;
  readonly replicas: number;
}

/** Raises the replicas of the last stage's first app, in the sandbox's copy of the file that says them. */
function raiseReplicas({ fleet, layout }: Sandbox): Edited {
  const stage = fleet.stages.at(-1);
  const app = stage?.apps[0];
  if (!(stage && app)) throw new SandboxError("the last stage has no app whose replicas could be edited");
  const own = join(layout.work, appFile(app.name));
  const hasOwn = existsSync(own);
  const file = hasOwn ? own : join(layout.work, `Pulumi.${stage.name}.yaml`);
  const document = parseDocument(readFileSync(file, "utf8"));
  const replicas = app.replicas + 1;
  const overrides = hasOwn ? ["overrides", stage.name] : ["config", `${fleet.project}:overrides`, app.name];
  document.setIn([...overrides, "replicas"], replicas);
  writeFileSync(file, document.toString({ lineWidth: 0 }));
  return { stage, app, replicas };
}

/** The part of a preview that shows the change of the files, as Pulumi prints it. */
function fileChanges(preview: string): string {
  const lines = preview.split("\n");
  const first = lines.findIndex((line) => /[~+-] files\s*: \{/.test(line));
  const last = lines.findIndex((line, index) => index > first && /^\s+\}\s*$/.test(line));
  return first < 0 ? "" : lines.slice(first, last + 1).join("\n");
}

const look = ({ services, fleet }: Sandbox, { app, stage }: Edited) =>
  withClone({ repository: services.repository, branch: fleet.repository.branch }, async (clone) => ({
    ...deployment(clone, app, stage),
    commits: await commitCount(clone),
  }));

/** Edits one value of one stage: the preview shows that line, the update is one commit, the tag of Flux stays. */
export async function checkEdit(sandbox: Sandbox, checks: Checks): Promise<void> {
  const edited = raiseReplicas(sandbox);
  const { stage, app, replicas } = edited;
  heading(`Somebody sets overrides.${app.name}.replicas of ${stage.name} to ${replicas}`);
  const before = await look(sandbox, edited);
  const args = ["--stack", stage.name];
  const preview = await step(`${stage.name}: pulumi preview --diff`, () =>
    mustRun(sandbox, ["preview", "--diff", ...args]),
  );
  const shown = fileChanges(preview.stdout);
  console.log(shown);
  const lines = shown.split("\n").filter((line) => /^\s+[+-] .*replicas/.test(line));
  checks.add("the preview shows the edited line", lines.length === 2, shown || preview.stdout.slice(-2000));
  await step(`${stage.name}: pulumi up`, () => mustRun(sandbox, ["up", "--yes", ...args]));
  const after = await look(sandbox, edited);
  checks.add("the edit arrived", after.replicas === replicas, `replicas: ${after.replicas}`);
  checks.add(`${stage.name}/${app.name} kept ${before.tag}`, after.tag === before.tag, `it has ${after.tag}`);
  checks.add("the update was one commit", after.commits === before.commits + 1, `${before.commits} → ${after.commits}`);
}
