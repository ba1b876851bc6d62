/** Random faults at Hetzner while the real Pulumi brings a stage up, is killed in it, and takes it away again. */
import { inspect } from "node:util";
import fc from "fast-check";
import { cleared, cutOff, goOn, problems, recover, type Stage, up } from "../sandbox/power-cut.ts";
import { said } from "../sandbox/process/execute.ts";
import { dummyToken as token } from "../sandbox/services.ts";
import { type Fault, fault, inject, losesFirewall, switchOn } from "./random-faults.ts";

const cut = fc.record({
  write: fc.integer({ min: 1, max: 8 }),
  moment: fc.constantFrom("before" as const, "after" as const),
});

/** Whether a fault can meet a stage that has what `expected` says; by far not every stage has all that Hetzner has. */
function meets(expected: readonly string[]): (one: Fault) => boolean {
  const hasBalancer = expected.some((each) => each.startsWith("balancer "));
  const never = hasBalancer ? /ssh_key|route/ : /ssh_key|route|load_balancer|_target|_service|detach_from/;
  return (one) => !never.test("operation" in one ? one.operation : "command" in one ? one.command : one.what);
}

/** What happens in each of some runs, and in the attempt to take everything away. */
const planOf = (fault: fc.Arbitrary<Fault>) =>
  fc.record({
    runs: fc.array(
      fc.record({ faults: fc.array(fault, { minLength: 1, maxLength: 4 }), cut: fc.option(cut, { freq: 2 }) }),
      { minLength: 1, maxLength: 2 },
    ),
    destroy: fc.array(fault, { maxLength: 2 }).filter((faults) => !losesFirewall(faults)),
  });
type Plan = ReturnType<typeof planOf> extends fc.Arbitrary<infer T> ? T : never;

const describeFault = (one: Fault): string =>
  Object.values(one)
    .map((value) => (typeof value === "object" ? ("code" in value ? value.code : "no answer") : value))
    .join(" ");

const describePlan = ({ runs, destroy }: Plan): string =>
  [
    ...runs.map(({ faults, cut: at }) => {
      const killed = at ? [`killed ${at.moment} write ${at.write}`] : [];
      return `up with ${[...faults.map(describeFault), ...killed].join(", ")}`;
    }),
    ...(destroy.length > 0 ? [`destroy with ${destroy.map(describeFault).join(", ")}`] : []),
  ].join("; ");

/** Runs without a fault after which everything has to be right. */
const most = 4;

/** By the steps of docs/day-2.md. What is still wrong after the last of them. */
async function settles(at: Stage, isCut: boolean, expected: readonly string[]): Promise<readonly string[]> {
  const account = { api: at.sandbox.services.hetzner, token };
  let found: readonly string[] = [];
  for (let run = 1; run <= most; run += 1) {
    await switchOn(account);
    const last = isCut && run === 1 ? (await recover(at)).last : await goOn(at);
    found = last.code === 0 ? await problems(at, expected) : [`the last run failed: ${said(last).slice(-2000)}`];
    if (found.length === 0) return [];
  }
  return found;
}

/** What went wrong for good. Afterwards the stage is gone. */
async function tried(at: Stage, { runs, destroy }: Plan, expected: readonly string[]): Promise<readonly string[]> {
  const { sandbox, stage } = at;
  const api = sandbox.services.hetzner;
  api.refill();
  for (const { faults, cut: moment } of runs) {
    await switchOn({ api, token });
    for (const one of faults) await inject({ api, token }, one);
    await (moment ? cutOff(at, moment) : up(at));
    // A killed run leaves its lock.
    if (moment) await sandbox.pulumi(["cancel", "--yes", "--stack", stage]);
    api.faults.clear();
  }
  const isCut = runs.some((each) => each.cut !== null);
  const unsettled = await settles(at, isCut, expected);
  for (const one of destroy) await inject({ api, token }, one);
  if (destroy.length > 0) await sandbox.pulumi(["destroy", "--yes", "--skip-preview", "--refresh", "--stack", stage]);
  api.faults.clear();
  return [...unsettled, ...(await cleared(at))];
}

export interface Trial {
  /** What a stage that nobody disturbed has at Hetzner. */
  readonly expected: readonly string[];
  readonly plans: number;
  readonly seed: number;
  /** Looks for the smallest plan that fails, too. */
  readonly shrink?: boolean;
}

/** Also of what ends a trial before it is over, whatever it is and whatever caused it: the plan that did is all that helps. */
const problemsOf = (work: Promise<readonly string[]>): Promise<readonly string[]> =>
  work.catch((error: unknown) => [inspect(error)]);

/** Says each plan and what came of it. @throws Error of fast-check with the seed and the plan that fails */
export async function tryPlans(at: Stage, { expected, plans: numRuns, seed, shrink = false }: Trial): Promise<void> {
  const property = fc.asyncProperty(planOf(fault.filter(meets(expected))), async (each) => {
    const began = performance.now();
    const found = await problemsOf(tried(at, each, expected));
    const took = ((performance.now() - began) / 1000).toFixed(0);
    console.log(`${found.length === 0 ? "ok    " : "FAILED"} ${describePlan(each)} (${took} s)`);
    for (const problem of found) console.log(`       ${problem}`);
    if (found.length > 0) throw new Error(found.join("\n"));
  });
  await fc.assert(property, { numRuns, seed, endOnFailure: !shrink });
}
