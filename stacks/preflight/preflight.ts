import type { Topology } from "../cluster/topology.ts";
import { wayOut } from "../cluster/way-out.ts";
import type { Problem } from "../config/error.ts";
import { located } from "../config/explain.ts";
import type { Stage } from "../config/fleet.ts";
import type { Pins } from "../config/releases/pins.ts";
import type { Sources } from "../config/sources.ts";
import { check } from "./check.ts";
import { type Demand, demandOf, isOurs, settled } from "./demand.ts";
import { existingOf, type Finding, type Findings, together } from "./findings.ts";
import { type Bill, bill } from "./price.ts";
import type { Reading } from "./read.ts";
import { quotaNote } from "./room.ts";
import { type State, takenFindings } from "./taken.ts";

export interface Plan {
  readonly stage: Stage;
  readonly topology: Topology;
  readonly pins: Pins;
  readonly sources: Sources;
}

/** Everything that a preview says about Hetzner, ready to be printed. */
export interface Verdict {
  /** Each with its place in the configuration; one is enough to create nothing. */
  readonly refusals: readonly string[];
  readonly warnings: readonly string[];
  /** What could not be checked, and why. */
  readonly unchecked: readonly string[];
  readonly bill: Bill | undefined;
}

const refusedToken = (reading: Reading, { stage }: Demand): readonly string[] => {
  if (!reading.refused) return [];
  const { message } = reading.refused;
  return [`hcloud:token of ${stage}: ${message}. ${wayOut(message) ?? ""}`.trimEnd()];
};

export interface Told {
  readonly reading: Reading;
  readonly now: Date;
  /** Without it nobody knows which names the state has, and none is judged. */
  readonly state?: State;
}

/** What Hetzner's answers mean for a plan. */
export function verdict(plan: Plan, { reading, now, state }: Told): Verdict {
  const demand = settled(demandOf(plan.stage, plan.topology), reading.snapshot);
  const question = { demand, snapshot: reading.snapshot, now };
  const found: Findings = together([check(question, plan.pins), ...(state ? [takenFindings(question, state)] : [])]);
  const problem = ({ path, message }: Finding): Problem => ({ file: demand.file, path, message });
  const placed = (all: readonly Finding[]) => located(all.map(problem), plan.sources);
  const quota = quotaNote(question);
  return {
    refusals: [...(reading.clock ? [reading.clock] : []), ...refusedToken(reading, demand), ...placed(found.refusals)],
    warnings: placed(found.warnings),
    unchecked: [...(reading.refused ? [] : reading.unread), ...(quota ? [quota] : [])],
    bill: bill(question),
  };
}

/** For who has no state: what has the stage's labels is taken for being in it. */
export function labelsAsState({ stage, topology: plan }: Plan, { snapshot }: Reading): State {
  const demand = demandOf(stage, plan);
  return {
    has: (kind, name) => {
      const there = existingOf(snapshot, kind, name);
      return there !== undefined && isOurs(there, demand);
    },
  };
}

export const refusalTitle = (refusals: readonly string[]): string =>
  `Hetzner cannot give what is configured (${refusals.length}):`;

/** Every refusal on a line of its own, in the form of the configuration's errors. */
export const refusalText = ({ refusals }: Verdict): string =>
  [refusalTitle(refusals), ...refusals.map((line) => `  ${line}`)].join("\n");
