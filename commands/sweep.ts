/** `npm run sweep`: kills an `up` at every one of its writes at Hetzner, or disturbs it by chance; what do the next runs make of it? */
import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { layoutOf } from "../sandbox/layout.ts";
import { withSandbox } from "../sandbox/open.ts";
import { cleared, cutOff, inventory, type PowerCut, problems, recover, type Stage, up } from "../sandbox/power-cut.ts";
import { said } from "../sandbox/process/execute.ts";
import { initStack } from "../sandbox/stage.ts";
import { readFleet } from "../stacks/config/files.ts";
import { tryPlans } from "../test/engine-plans.ts";
import { refusal, tell } from "./outcome.ts";
import { parsed, stageNamed, UsageError } from "./usage.ts";

const help = `Usage: npm run sweep [-- [--stage <stage>] [--every <n>] [--from <n>]]
       npm run sweep -- --plans <n> [--stage <stage>] [--seed <n>] [--shrink]

Kills \`pulumi up\` of a stage, with all its processes, at its first write at
Hetzner, at its second, and so on, once before the write is done and once before
it is answered. Each time it goes on as docs/day-2.md says, looks whether
everything is there once, labelled and settled, and takes the stage away.
Hetzner and the nodes are stand-ins, Pulumi is the real one.

  --stage <stage>  dev unless given: one server. prod has three and two agents
  --every <n>      only each n-th write
  --from <n>       begin at that write
  --plans <n>      so many random plans instead: errors, lost answers, failed
                   actions and deletions by hand in one or two runs, some of
                   them killed too, and in the destroy
  --seed <n>       of the plans; printed when it is not given. The same one
                   gives the same plans
  --shrink         look for the smallest plan that fails
  -h, --help       this text

A cut takes 20 to 40 seconds, a plan a minute.
Ends with 0 when every run converged, 1 when one did not, 2 for wrong options.`;

interface Options {
  readonly stage: string;
  readonly every: number;
  readonly from: number;
  readonly plans: number;
  readonly seed: number;
  readonly shrink: boolean;
}

function count(option: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`--${option} takes a number from 1 on, not "${text}".`);
  return Number(text);
}

/** Nothing where only the help is asked for. @throws UsageError */
function options(args: readonly string[]): Options | undefined {
  const [text, flag] = [{ type: "string" }, { type: "boolean" }] as const;
  const known = { stage: text, every: text, from: text, plans: text, seed: text, shrink: flag, help: flag } as const;
  const { values } = parsed({ args: [...args], options: known });
  const { stage = "dev", every = "1", from = "1", plans, seed = String(randomInt(1, 1e9)), shrink = false } = values;
  const numbers = { every: count("every", every), from: count("from", from), seed: count("seed", seed) };
  return values.help ? undefined : { stage, ...numbers, plans: plans ? count("plans", plans) : 0, shrink };
}

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(0)} s`;

/** Whether it went well. */
async function cutOnce(at: Stage, cut: PowerCut, expected: readonly string[]): Promise<boolean> {
  const began = performance.now();
  at.sandbox.services.hetzner.refill();
  const operation = await cutOff(at, cut);
  const { steps, last } = await recover(at);
  const failed = last.code === 0 ? [] : [`the last step failed: ${said(last).slice(-2000)}`];
  const found = [...failed, ...(await problems(at, expected)), ...(await cleared(at))];
  const where = `${String(cut.write).padStart(3)} ${cut.moment.padEnd(6)} ${operation ?? "not reached"}`;
  console.log(`${found.length === 0 ? "ok    " : "FAILED"} ${where}: ${steps.join(", ")} (${seconds(began)})`);
  for (const problem of found) console.log(`       ${problem}`);
  return found.length === 0;
}

async function random(at: Stage, { plans, seed, shrink }: Options, expected: readonly string[]): Promise<number> {
  console.log(`${plans} random plans, --seed ${seed}`);
  try {
    await tryPlans(at, { expected, plans, seed, shrink });
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

async function cuts(at: Stage, { every, from }: Options, { expected, writes }: Whole): Promise<number> {
  console.log(`An up of ${at.stage} writes ${writes} times at Hetzner.`);
  let failed = 0;
  for (let write = from; write <= writes; write += every)
    for (const moment of ["before", "after"] as const)
      if (!(await cutOnce(at, { write, moment }, expected))) failed += 1;
  console.log(failed === 0 ? "Every run converged." : `${failed} did not converge.`);
  return failed === 0 ? 0 : 1;
}

/** A run that nobody disturbs. */
interface Whole {
  readonly expected: readonly string[];
  readonly writes: number;
}

async function undisturbed(at: Stage): Promise<Whole> {
  const { journal } = at.sandbox.services.hetzner;
  const whole = await up(at);
  if (whole.code !== 0) throw new Error(`an up that nobody disturbs failed:\n${said(whole)}`);
  const expected = inventory(at.sandbox);
  const writes = journal.entries().filter(({ method }) => method !== "GET").length;
  const left = await cleared(at);
  if (left.length > 0) throw new Error(`a stage that nobody disturbs does not go:\n${left.join("\n")}`);
  return { expected, writes };
}

async function sweep(at: Stage, chosen: Options): Promise<number> {
  const whole = await undisturbed(at);
  return chosen.plans > 0 ? random(at, chosen, whole.expected) : cuts(at, chosen, whole);
}

async function main(args: readonly string[]): Promise<number> {
  const chosen = options(args);
  if (!chosen) {
    console.log(help);
    return 0;
  }
  const project = join(import.meta.dirname, "..");
  stageNamed(readFleet(project).fleet, chosen.stage);
  const interrupt = new AbortController();
  process.on("SIGINT", () => interrupt.abort());
  const root = mkdtempSync(join(tmpdir(), "k3s-stages-sweep-"));
  const layout = layoutOf(project, root);
  try {
    return await withSandbox({ layout, signal: interrupt.signal }, async (sandbox) => {
      await initStack(sandbox, chosen.stage);
      return sweep({ sandbox, stage: chosen.stage }, chosen);
    });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  tell(refusal(error, help));
}
