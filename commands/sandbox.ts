/** `npm start` and `npm run sandbox`: the whole system on this machine, with no account and nothing left running. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { deliverTag } from "../sandbox/delivery.ts";
import { SandboxError } from "../sandbox/error.ts";
import { type Layout, layoutOf } from "../sandbox/layout.ts";
import { type Sandbox, withSandbox } from "../sandbox/open.ts";
import { liftProtection } from "../sandbox/protection.ts";
import { mustRun } from "../sandbox/stage.ts";
import { start } from "../sandbox/start.ts";
import { readFleet } from "../stacks/config/files.ts";
import type { App } from "../stacks/config/fleet.ts";
import { isTag } from "../stacks/registry/reference.ts";
import { refusal, tell } from "./outcome.ts";
import { UsageError } from "./usage.ts";

const usage = `Usage: npm start
       npm run sandbox -- <command>

  start             begin anew: bring up every stage, deliver new tags, preview
                    again
  tag <app> <tag>   push a tag of an app's image, and let every stage's image
                    automation run
  down              destroy every stage and delete .sandbox/
  <Pulumi command>  run it in the sandbox, as in: preview --stack prod --diff
  -h, --help        this text

Everything is kept in .sandbox/; its servers run only while a command does.
Ends with 0 when done, 1 when it failed or a check did not hold, 2 for wrong
words, 130 when interrupted; a Pulumi command as Pulumi does.`;

/** The sentence names the way out. */
const enough = { isEnough: true };

function needSandbox({ work }: Layout): void {
  if (!existsSync(work)) throw new SandboxError("There is no sandbox yet; make one with: npm start");
}

function pulumi(layout: Layout, signal: AbortSignal, args: readonly string[]): Promise<number> {
  needSandbox(layout);
  return withSandbox({ layout, signal }, async (sandbox) => (await sandbox.pulumi(args, { interactive: true })).code);
}

/** The app whose image gets a tag, known before anything is started. @throws UsageError */
function appFor(layout: Layout, [name = "", tag = ""]: readonly string[]): App {
  const { stages } = readFleet(layout.work).fleet;
  const apps = new Map(stages.flatMap((stage) => stage.apps.map((app) => [app.name, app] as const)));
  const app = apps.get(name);
  if (!app) throw new UsageError(`There is no app ${name}; there are ${[...apps.keys()].join(", ")}.`, enough);
  if (!isTag(tag)) throw new UsageError(`${tag} is no tag; write it as in: tag ${name} v1.2.3`, enough);
  return app;
}

async function tag(layout: Layout, signal: AbortSignal, words: readonly string[]): Promise<number> {
  needSandbox(layout);
  const app = appFor(layout, words);
  await withSandbox({ layout, signal }, (sandbox) => deliverTag(sandbox, app, words[1] ?? ""));
  return 0;
}

/** A run that was interrupted has made some of them only. */
async function stacksOf(sandbox: Sandbox): Promise<readonly { readonly name: string }[]> {
  const { stdout } = await mustRun(sandbox, ["stack", "ls", "--json"]);
  return JSON.parse(stdout) as readonly { readonly name: string }[];
}

async function down(layout: Layout, signal: AbortSignal): Promise<number> {
  needSandbox(layout);
  const code = await withSandbox({ layout, signal }, async (sandbox) => {
    for (const { name } of await stacksOf(sandbox)) {
      await liftProtection(sandbox, name);
      const run = await sandbox.pulumi(["destroy", "--yes", "--stack", name], { interactive: true });
      if (run.code !== 0) return run.code;
    }
    return 0;
  });
  if (code === 0) rmSync(layout.root, { recursive: true, force: true });
  return code;
}

async function run(args: readonly string[], signal: AbortSignal): Promise<number> {
  const layout = layoutOf(join(import.meta.dirname, ".."));
  const [command, ...rest] = args;
  switch (command) {
    case "start":
      return start(layout, signal);
    case "tag":
      return tag(layout, signal, rest);
    case "down":
      return down(layout, signal);
    default:
      return pulumi(layout, signal, args);
  }
}

/** What a person can mend, in words. */
function explain(error: unknown): number {
  const refused = refusal(error, usage);
  tell(refused);
  return refused.code;
}

/** How many words our own commands take; of the others Pulumi knows. */
const wordsOf: { readonly [command: string]: number } = { start: 0, tag: 2, down: 0 };

/** Whether the help is asked for. @throws UsageError */
function isAskingForHelp([command = "", ...rest]: readonly string[]): boolean {
  const words = wordsOf[command];
  const asking = words === undefined ? [command] : rest;
  if (asking.some((word) => ["--help", "-h"].includes(word))) return true;
  if (command === "" || command.startsWith("-")) throw new UsageError("Name a command.");
  if (words === undefined || words === rest.length) return false;
  throw new UsageError(`${command} takes ${words === 0 ? "no words" : "<app> <tag>"}.`);
}

async function main(args: readonly string[]): Promise<number> {
  if (isAskingForHelp(args)) {
    console.log(usage);
    return 0;
  }
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupt.abort());
  // What an interrupted step reports is the interruption's echo.
  const code = await run(args, interrupt.signal).catch((error: unknown) =>
    interrupt.signal.aborted ? 1 : explain(error),
  );
  return interrupt.signal.aborted ? 130 : code;
}

process.exitCode = await main(process.argv.slice(2)).catch(explain);
