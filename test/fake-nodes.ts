/** Nodes for the suites that run the scripts. */
import { rmSync } from "node:fs";
import { afterAll, afterEach, describe } from "vitest";
import type { NodePlan } from "../stacks/cluster/node-settings.ts";
import type { Pins } from "../stacks/config/releases/pins.ts";
import { FakeNode, makeReleases } from "./fake-node.ts";
import { pins } from "./node-plan.ts";

/** The scripts are written for Linux: elsewhere bash is too old and `timeout` is missing, and the suites are skipped. */
export const suite = describe.skipIf(process.platform !== "linux");

/** Their releases go with the file of tests, and each node with its test. */
export function fakeNodes() {
  const releases = makeReleases(pins);
  const made: FakeNode[] = [];
  afterEach(() => {
    for (const node of made.splice(0)) node.remove();
  });
  afterAll(() => rmSync(releases.folder, { recursive: true }));

  /** One that stays until it is removed. */
  const lasting = (plan: NodePlan, own: Pins = releases.pins): FakeNode =>
    new FakeNode({ ...plan, pins: own }, releases.folder);
  function nodeOf(plan: NodePlan, own?: Pins): FakeNode {
    const node = lasting(plan, own);
    made.push(node);
    return node;
  }
  return { lasting, nodeOf };
}
