import { join } from "node:path";
import { newMaterial } from "../provider/pki/material.ts";
import { nodeScripts } from "../stacks/cluster/node-scripts.ts";
import { topology } from "../stacks/cluster/topology.ts";
import { userData } from "../stacks/cluster/user-data.ts";
import { readFleet } from "../stacks/config/files.ts";
import { type Row, spread } from "./measure.ts";

/** What the first server of the last stage gets, against half of what Hetzner takes. Keys differ, so bytes do a little. */
export async function benchUserData(): Promise<readonly Row[]> {
  const { fleet, pins } = readFleet(join(import.meta.dirname, ".."));
  const stage = fleet.stages.at(-1);
  if (!stage) return [];
  const plan = topology(fleet, stage);
  const [node] = plan.nodes;
  if (!node) return [];
  const sizes: number[] = [];
  for (let run = 0; run < 5; run++) {
    const secrets = { kind: "first" as const, ...(await newMaterial("bench", new Date())) };
    const told = { node, topology: plan, apiAddress: "203.0.113.7", stage, repository: fleet.repository, pins };
    sizes.push(userData({ ...told, secrets }, nodeScripts()).length);
  }
  const row = { measure: "user data of a first server / half of Hetzner's limit", goal: 1, unit: "bytes" as const };
  return [{ ...row, ours: spread(sizes), floor: spread([16_384]) }];
}
