/** Runs that are killed, and random faults, on the real engine: a sample of `npm run sweep`. Hetzner and the nodes are stand-ins. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cleared, cutOff, inventory, problems, recover, up } from "../sandbox/power-cut.ts";
import { type Run, said } from "../sandbox/process/execute.ts";
import { seed } from "./chance.ts";
import { tryPlans } from "./engine-plans.ts";
import { type EngineSandbox, engineSandbox } from "./engine-sandbox.ts";
import { expectDone, minute } from "./engine-words.ts";

let sandbox: EngineSandbox;

beforeAll(async () => {
  sandbox = await engineSandbox("dev");
}, 10 * minute);

afterAll(() => sandbox?.remove());

const at = () => ({ sandbox, stage: "dev" });

/** What dev has at Hetzner, with the name of its one server. */
const whole = [
  "address k3s-stages-dev-server-1",
  "firewall k3s-stages-dev",
  "group k3s-stages-dev-server-spread-1",
  "k3s-stages-dev has 10.10.0.0/24",
  "k3s-stages-dev-server-1 at 10.10.0.11",
  "network k3s-stages-dev",
  "server k3s-stages-dev-server-1",
];

describe("a run that is killed with all its processes", { timeout: 5 * minute }, () => {
  it("keeps a second one out while it goes on, which hears who holds the stack, and writes nothing", async () => {
    const writes = () => sandbox.services.hetzner.journal.writes().length;
    let second: Run | undefined;
    let written = 0;
    const meanwhile = async () => {
      const before = writes();
      second = await up(at());
      written = writes() - before;
    };
    // Of seven writes the last two make the server and attach it; a kill between them leaves the server alone.
    expect(await cutOff(at(), { write: 6, moment: "after", meanwhile })).toBe("POST /servers");
    expect(second && said(second)).toMatch(
      /wait for the other process\(es\) to end .*\n.*created by \S+ \(pid \d+\) at 2/,
    );
    expect([second?.code === 0, written]).toEqual([false, 0]);
  });

  it("says how to go on: the stack is locked, and `pulumi cancel` frees it (F47)", async () => {
    const refused = await up(at());
    expect(refused.code).not.toBe(0);
    expect(said(refused)).toContain("`pulumi cancel`");
  });

  it("is continued by the documented steps, which name and take over the server that was left (F46, F47)", async () => {
    const { steps, last } = await recover(at());
    expectDone(last);
    expect(steps).toContain("import hcloud:index/server:Server");
    expect(await problems(at(), whole)).toEqual([]);
    expect(inventory(sandbox)).toEqual(whole);
  });

  it("leaves nothing behind after the destroy (F46)", async () => {
    expect(await cleared(at())).toEqual([]);
  });
});

describe("random faults at Hetzner and kills, on the real engine", { timeout: 10 * minute }, () => {
  it("are put right by a few runs, and leave nothing behind: a plan in each run of the tests (F46, F49)", async () => {
    console.log(`npm run sweep -- --plans 1 --seed ${seed}`);
    await tryPlans(at(), { expected: whole, plans: 1, seed });
  });
});
