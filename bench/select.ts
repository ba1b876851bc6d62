import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Channel } from "../stacks/config/fleet.ts";
import { type TagPolicy, tagPolicy } from "../stacks/config/tags/channel.ts";
import { tagSelection } from "../stacks/gitops/select.ts";
import { pair, type Row, spread } from "./measure.ts";

/** A registry's tags of three channels in turn. */
const tags = Array.from({ length: 10_000 }, (_, index) => {
  const suffix = ["", `-stage.${index}`, `-develop.${index}`][index % 3] ?? "";
  return `v${index % 7}.${index % 241}.${index}${suffix}`;
});

/** A hundred policies of each channel, no two alike. */
const policies = Array.from({ length: 300 }, (_, index) => {
  const floor = `0.${index}.0`;
  const channels: readonly Channel[] = [
    { kind: "stable", floor },
    { kind: "prerelease", id: "stage", floor },
    { kind: "prerelease", id: "develop", floor },
  ];
  return tagPolicy(channels[index % 3] ?? { kind: "stable" });
});

function imagePolicy(policy: TagPolicy) {
  const order = "range" in policy ? { semver: { range: policy.range } } : { [policy.kind]: { order: policy.order } };
  return { filterTags: { pattern: policy.pattern }, policy: order };
}

interface Answer {
  readonly milliseconds: number;
  readonly selected: readonly string[];
}

function ours(): Answer {
  const started = performance.now();
  const select = tagSelection(tags);
  const selections = policies.map(select);
  const milliseconds = performance.now() - started;
  return { milliseconds, selected: selections.map((each) => (each.kind === "selected" ? each.tag : each.reason)) };
}

/** Flux's own code, asked for one run at a time. */
function flux(folder: string) {
  const binary = join(folder, "flux");
  const cwd = join(import.meta.dirname, "..", "test", "oracles", "flux");
  execFileSync("go", ["build", "-o", binary, "./image-reflector-controller/bench"], { cwd, stdio: "inherit" });
  writeFileSync(
    join(folder, "work.json"),
    JSON.stringify({ policies: policies.map(imagePolicy), tags: tags.toSorted().toReversed() }),
  );
  const child = spawn(binary, [join(folder, "work.json")], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const run = async (): Promise<Answer> => {
    child.stdin.write("{}\n");
    const { value } = await lines.next();
    return JSON.parse(`${value}`);
  };
  return { run, stop: () => child.kill() };
}

/** Both have to have done the same. */
function assertSame(a: Answer, b: Answer): void {
  const index = a.selected.findIndex((tag, at) => tag !== b.selected[at]);
  if (index >= 0) throw new Error(`policy ${index}: ours selects ${a.selected[index]}, Flux ${b.selected[index]}`);
}

/** 300 policies, each over the same 10,000 tags, against Flux's own code; nothing where there is no Go to build it. */
export async function benchSelect(): Promise<readonly Row[]> {
  if (spawnSync("go", ["version"]).status !== 0) {
    console.error("selection is not measured: there is no go to build Flux's own code with");
    return [];
  }
  const folder = mkdtempSync(join(tmpdir(), "k3s-stages-bench-"));
  const floor = flux(folder);
  try {
    const answers = await pair(7, { ours, floor: floor.run });
    for (const [run, each] of answers.ours.entries()) assertSame(each, answers.floor[run] ?? each);
    const times = (each: readonly Answer[]) => spread(each.map(({ milliseconds }) => milliseconds));
    const measure = "select from 10,000 tags by 300 policies / Flux's own code, in Go";
    return [{ measure, unit: "ms", ours: times(answers.ours), floor: times(answers.floor), goal: 3 }];
  } finally {
    floor.stop();
    rmSync(folder, { recursive: true });
  }
}
