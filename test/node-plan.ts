/** A stage's node plan from the seed's configuration, and the secrets and pins that its nodes would be told. */
import { readFileSync } from "node:fs";
import { newMaterial } from "../provider/pki/material.ts";
import { nodeScripts } from "../stacks/cluster/node-scripts.ts";
import type { NodePlan, NodeSecrets } from "../stacks/cluster/node-settings.ts";
import type { Node } from "../stacks/cluster/plan/machine.ts";
import { topology } from "../stacks/cluster/topology.ts";
import { userData } from "../stacks/cluster/user-data.ts";
import type { Fleet, Stage } from "../stacks/config/fleet.ts";
import { type Pins, parsePins } from "../stacks/config/releases/pins.ts";
import { resolve } from "../stacks/config/resolve.ts";
import { type Edits, seedSources } from "./sources.ts";

export function stageOf(name: string, edits: Edits = {}): { readonly fleet: Fleet; readonly stage: Stage } {
  const fleet = resolve(seedSources(edits));
  const stage = fleet.stages.find((each) => each.name === name);
  if (!stage) throw new Error(`the seed has no stage ${name}`);
  return { fleet, stage };
}

export const pins: Pins = parsePins(readFileSync(new URL("../pins.json", import.meta.url), "utf8"));

export const material = await newMaterial("test", new Date());

function secretsOf({ role, join }: Node): NodeSecrets {
  const { serverFiles, serverToken, agentToken } = material;
  if (role === "agent") return { kind: "agent", agentToken };
  return join ? { kind: "server", serverToken } : { kind: "first", serverToken, serverFiles };
}

/** Of the node with this name without the cluster's: `server-1`, `web-2`. */
export function planOf(stageName: string, node: string, edits: Edits = {}): NodePlan {
  const { fleet, stage } = stageOf(stageName, edits);
  return planIn(fleet, stage, node);
}

/** As `planOf`, of a configuration that is there. */
export function planIn(fleet: Fleet, stage: Stage, node: string): NodePlan {
  const plan = topology(fleet, stage);
  const found = plan.nodes.find(({ name }) => name === `${plan.cluster}-${node}`);
  if (!found) throw new Error(`${plan.cluster} has no ${node}`);
  return {
    node: found,
    topology: plan,
    apiAddress: "203.0.113.7",
    stage,
    repository: fleet.repository,
    pins,
    secrets: secretsOf(found),
  };
}

export const userDataOf = (plan: NodePlan): string => userData(plan, nodeScripts());
