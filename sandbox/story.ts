/**
 * The main job, told once from an empty sandbox: the stages come up, new tags find theirs, a second preview has nothing to
 * do, and an edit of the configuration keeps what Flux wrote.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { topology } from "../stacks/cluster/topology.ts";
import type { Fleet } from "../stacks/config/fleet.ts";
import { checkCluster } from "./cluster-checks.ts";
import { deliverNewTags, pushFirstTags } from "./delivery.ts";
import { checkEdit } from "./edit.ts";
import { SandboxError } from "./error.ts";
import { checkState, checkUserData } from "./inspection.ts";
import type { Sandbox } from "./open.ts";
import type { Checks, StageReport } from "./report.ts";
import { commitAsPerson, withClone } from "./repository.ts";
import { runningTags } from "./running.ts";
import { heading, step } from "./say.ts";
import { initStack, mustRun, serversOf } from "./stage.ts";

const personsFile = { path: "README.md", text: "Written by a person; no stage lists this file.\n" };

/** Why a stage could never be reached here; nothing where all can. */
export function outOfReach(fleet: Fleet): string | undefined {
  const stages = fleet.stages.filter(
    (stage) => stage.cluster.access === "direct" && topology(fleet, stage).api.kind === "private",
  );
  if (stages.length === 0) return undefined;
  return (
    `The API of ${stages.map(({ name }) => name).join(", ")} is in the private network alone (cluster.api.allow is []), and the ` +
    "sandbox has no such network: name a range there to try it here"
  );
}

async function prepare(sandbox: Sandbox): Promise<void> {
  const problem = outOfReach(sandbox.fleet);
  if (problem) throw new SandboxError(problem);
  const { repository } = sandbox.services;
  const { branch } = sandbox.fleet.repository;
  await withClone({ repository, branch }, (clone) => commitAsPerson(clone, branch, personsFile));
  await pushFirstTags(sandbox);
}

async function bringUp(sandbox: Sandbox, checks: Checks): Promise<void> {
  heading("The stages come up");
  for (const stage of sandbox.fleet.stages) {
    await step(`${stage.name}: pulumi stack init`, () => initStack(sandbox, stage.name));
    await step(
      `${stage.name}: pulumi up`,
      () => mustRun(sandbox, ["up", "--yes", "--stack", stage.name]),
      ({ stdout }) => /\+ (\d+ created)/.exec(stdout)?.[1] ?? "",
    );
    checkCluster(sandbox, checks, stage);
  }
}

async function previewAgain(sandbox: Sandbox, checks: Checks): Promise<void> {
  heading("A second preview");
  for (const { name } of sandbox.fleet.stages) {
    const args = ["preview", "--diff", "--expect-no-changes", "--stack", name];
    const run = await step(`${name}: pulumi preview --diff`, () => sandbox.pulumi(args));
    checks.add(`${name} has nothing to change`, run.code === 0, run.stdout.slice(-2000));
  }
}

async function checkPersonsFile(sandbox: Sandbox, checks: Checks): Promise<void> {
  const { repository } = sandbox.services;
  const text = await withClone({ repository, branch: sandbox.fleet.repository.branch }, async (clone) =>
    readFileSync(join(clone, personsFile.path), "utf8"),
  );
  checks.add("the person's file is untouched", text === personsFile.text, text.slice(0, 200));
}

async function stageReports(sandbox: Sandbox): Promise<readonly StageReport[]> {
  const from = { repository: sandbox.services.repository, branch: sandbox.fleet.repository.branch };
  return withClone(from, (clone) =>
    Promise.all(
      sandbox.fleet.stages.map(async (stage) => ({
        stage: stage.name,
        nodes: serversOf(sandbox, stage.name).map(({ name }) => name),
        apps: await runningTags(clone, stage),
      })),
    ),
  );
}

/** Runs the whole story; what does not hold is in `checks`. @throws SandboxError when it cannot go on */
export async function tellStory(sandbox: Sandbox, checks: Checks): Promise<readonly StageReport[]> {
  await prepare(sandbox);
  await bringUp(sandbox, checks);
  await deliverNewTags(sandbox, checks);
  await previewAgain(sandbox, checks);
  await checkEdit(sandbox, checks);
  heading("What must never happen");
  await checkPersonsFile(sandbox, checks);
  checkState(sandbox, checks);
  checkUserData(sandbox, checks);
  return stageReports(sandbox);
}
