/**
 * `npm run test:flux`: what only real controllers and a real API server can say. Builds them once, with progress. With
 * `--long` the contest of stages goes on for ten minutes, and polling waits for the intervals as they are rendered.
 */
import { spawnSync } from "node:child_process";
import { SandboxError } from "../sandbox/lock.ts";
import { built } from "../test/flux/harness/build.ts";
import { tools } from "../test/flux/harness/modules.ts";
import { recordFaults } from "./faults/record.ts";
import { counted, printFailures, printSuites, runSuites } from "./suites.ts";

const long = "--long";
const needed = ["go", "git", "kubectl"];
const missing = needed.filter((tool) => spawnSync(tool, [tool === "kubectl" ? "help" : "version"]).status !== 0);

async function build(): Promise<void> {
  const started = performance.now();
  // One after the other: each build uses all cores, and they share what they compile.
  for (const tool of Object.values(tools)) await built(tool);
  console.log(`== tools: ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

async function run(): Promise<number> {
  if (missing.length > 0) {
    console.log(`test:flux is skipped: it needs ${missing.join(", ")}, which is not there.`);
    return process.env["CI"] === "true" ? 1 : 0;
  }
  if (process.argv.includes(long)) process.env["FLUX_LONG"] = "1";
  await build();
  const asked = process.argv.slice(2).filter((argument) => argument !== long);
  const suites = await runSuites("real API server, real controllers", [
    "--config=test/flux/vitest.config.ts",
    ...asked,
  ]);
  const faults = recordFaults(suites, asked.length > 0 ? "files" : "flux");
  const { outcome, results } = suites;
  if (results) printSuites(results);
  if (results) printFailures(results);
  if (results) console.log(counted(results));
  return results && outcome.ok && faults.ok ? 0 : 1;
}

process.exitCode = await run().catch((error: unknown) => {
  if (!(error instanceof SandboxError)) throw error;
  console.error(error.message);
  return 1;
});
