/** `npm start` and `npm run sandbox`: the whole system on this machine, with no account and nothing left running. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../stacks/config/error.ts";
import { deliverTag } from "./delivery.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { SandboxError } from "./lock.ts";
import { type Sandbox, withSandbox } from "./open.ts";
import { liftProtection } from "./protection.ts";
import { mustRun } from "./stage.ts";
import { start } from "./start.ts";

const usage = `Usage: npm start
       npm run sandbox -- <command>

  start             begin anew: bring up every stage, deliver new tags, preview again
  tag <app> <tag>   push a tag of an app's image, and let the image automation of every stage run
  down              destroy every stage and delete .sandbox/
  <Pulumi command>  run it in the sandbox, as in: preview --stack prod --diff

Everything is kept in .sandbox/; its servers run only while a command does.
Ends with 0 when done, 1 when it failed or a check did not hold, 2 for wrong words, 130 when interrupted.`;

function needSandbox({ work }: Layout): void {
  if (!existsSync(work)) throw new SandboxError("There is no sandbox yet; make one with: npm start");
}

function pulumi(layout: Layout, signal: AbortSignal, args: readonly string[]): Promise<number> {
  needSandbox(layout);
  return withSandbox({ layout, signal }, async (sandbox) => (await sandbox.pulumi(args, { interactive: true })).code);
}

async function tag(layout: Layout, signal: AbortSignal, [app = "", pushed = ""]: readonly string[]): Promise<number> {
  needSandbox(layout);
  await withSandbox({ layout, signal }, (sandbox) => deliverTag(sandbox, app, pushed));
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

/** A user's mistake in words; anything else is ours and keeps its stack. */
function explain(error: unknown): number {
  if (!(error instanceof SandboxError || error instanceof ConfigError)) throw error;
  console.error(error.message);
  return 1;
}

/** How many words our own commands take; of the others Pulumi knows. */
const wordsOf: { readonly [command: string]: number } = { start: 0, tag: 2, down: 0 };

/** What is to be said instead of doing anything, and the exit status. */
function usageFor([command, ...rest]: readonly string[]): readonly [text: string, code: number] | undefined {
  if (command === undefined) return [usage, 2];
  const words = wordsOf[command];
  const asking = words === undefined ? [command] : rest;
  if (asking.some((word) => ["--help", "-h"].includes(word))) return [usage, 0];
  if (words === undefined || words === rest.length) return undefined;
  return [`${command} takes ${words === 0 ? "no words" : "<app> <tag>"}.\n\n${usage}`, 2];
}

async function main(args: readonly string[]): Promise<number> {
  const [said, status] = usageFor(args) ?? [];
  if (said !== undefined) {
    (status === 0 ? console.log : console.error)(said);
    return status ?? 0;
  }
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupt.abort());
  // What an interrupted step reports is the interruption's echo.
  const code = await run(args, interrupt.signal).catch((error: unknown) =>
    interrupt.signal.aborted ? 1 : explain(error),
  );
  return interrupt.signal.aborted ? 130 : code;
}

process.exitCode = await main(process.argv.slice(2));
