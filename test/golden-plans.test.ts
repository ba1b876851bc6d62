import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { topology } from "../stacks/cluster/topology.ts";
import { stageOf } from "./node-plan.ts";
import { plans } from "./plans.ts";

describe("the plan of", () => {
  it.each(Object.entries(plans))("%s is as it was reviewed", async (name, { stage: of, edits }) => {
    const { fleet, stage } = stageOf(of, edits);
    const text = stringify(topology(fleet, stage), { lineWidth: 0, aliasDuplicateObjects: false });
    await expect(text).toMatchFileSnapshot(join(import.meta.dirname, "golden-plans", `${name}.yaml`));
  });
});
