import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import type { Action } from "../sandbox/hetzner/model.ts";
import type { Sandbox } from "../sandbox/open.ts";
import { initStack, mustRun } from "../sandbox/stage.ts";
import { type Row, spread } from "./measure.ts";
import { inSandbox } from "./sandbox.ts";

/** Of each action at Hetzner. The real ones take from one to some thirty seconds. */
const actionMilliseconds = 5000;

/** Of how many actions, one after the other, the longest chain there is consists: a network takes one
 * subnet at a time, a server one action, and a load balancer a server that is in the network. */
function longestChain(actions: readonly Action[]): number {
  const counts = new Map<string, number>();
  for (const { resources } of actions) {
    const [first] = resources;
    const key = `${first?.type} ${first?.id}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const longest = (type: string) =>
    Math.max(0, ...[...counts].flatMap(([key, n]) => (key.startsWith(`${type} `) ? n : [])));
  const last = actions.some(({ command }) => command === "add_target") ? 1 : 0;
  return longest("network") + longest("server") + last;
}

/** Three servers and three agents, in the sandbox's copy of the configuration. */
function enlarge({ layout, fleet }: Sandbox): string {
  const stage = fleet.stages.at(-1)?.name ?? "";
  const file = join(layout.work, `Pulumi.${stage}.yaml`);
  const document = parseDocument(readFileSync(file, "utf8"));
  document.setIn(["config", `${fleet.project}:cluster`, "servers", "count"], 3);
  document.setIn(["config", `${fleet.project}:cluster`, "pools", "web", "count"], 3);
  writeFileSync(file, document.toString());
  return stage;
}

async function measured(sandbox: Sandbox): Promise<readonly Row[]> {
  const stage = enlarge(sandbox);
  await initStack(sandbox, stage);
  await mustRun(sandbox, ["up", "--yes", "--skip-preview", "--stack", stage]);
  const actions = sandbox.services.hetzner.state.actions();
  const took =
    Math.max(...actions.map(({ finishes }) => finishes)) - Math.min(...actions.map(({ started }) => started));
  const measure = "machines of 3 servers and 3 agents, first to last action / the longest chain of them";
  const floor = spread([longestChain(actions) * actionMilliseconds]);
  return [{ measure, unit: "ms", ours: spread([took]), floor, goal: 1.15 }];
}

/**
 * From the first action at Hetzner to the end of the last one. What is beyond the longest chain is time in which nothing that
 * could have been begun was: the program's order, the provider's polling, this machine.
 */
export const benchBringUp = (): Promise<readonly Row[]> => inSandbox(measured, { actionMilliseconds });
