import type { Sandbox } from "../sandbox/open.ts";
import { initStack, mustRun } from "../sandbox/stage.ts";
import type { Row } from "./measure.ts";
import { inSandbox } from "./sandbox.ts";

const same = (count: number) => ({ min: count, median: count, max: count });

async function count(sandbox: Sandbox): Promise<readonly Row[]> {
  const stage = sandbox.fleet.stages.at(-1)?.name ?? "";
  const { journal } = sandbox.services.hetzner;
  await initStack(sandbox, stage);
  journal.clear();
  await mustRun(sandbox, ["up", "--yes", "--stack", stage]);
  const all = journal.entries();
  const asked = all.filter(({ agent }) => agent === "k3s-stages");
  const row = {
    measure: "requests to Hetzner of a first up / the provider's alone",
    unit: "requests",
    ...{ ours: same(all.length), floor: same(all.length - asked.length), goal: 1.2 },
  } as const;
  return [row];
}

/**
 * Every request of the last stage's first `up`, its preview included, against those that the provider makes. How often the
 * provider asks about a running action follows from the action's length, which here is the emulator's.
 */
export const benchRequests = (): Promise<readonly Row[]> => inSandbox(count);
