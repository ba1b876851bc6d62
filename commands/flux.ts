/** `npm run test:flux`: what only real controllers and a real API server can say. Builds them once, with progress. */
import { spawnSync } from "node:child_process";
import { built } from "../test/flux/harness/build.ts";
import { tools } from "../test/flux/harness/modules.ts";
import { recordFaults } from "./faults/record.ts";
import { refusal, tell } from "./outcome.ts";
import { counted, printFailures, printSuites, runSuites, testArguments, testOptions } from "./suites.ts";
import { parsed } from "./usage.ts";

const help = `Usage: npm run test:flux [-- [<name of a test file>…] [--long] [-t <words>]]

The tests below test/flux: the delivery on Flux's own controllers and a real API
server, and the state in an S3 store. They are built once from pinned Go
modules; go, git and kubectl have to be there, and without them the tests are
skipped (on CI they fail).

  --long                         the contest of stages for ten minutes, and
                                 polling by the intervals as they are rendered
  -t, --testNamePattern <words>  only tests with these words in their names
  -u, --update                   write golden files anew; read their difference
  -h, --help                     this text

Ends with 0 when they passed or were skipped, 1 when one did not, 2 for wrong
options.`;

function options(args: readonly string[]) {
  const known = { ...testOptions, long: { type: "boolean" } } as const;
  return parsed({ args: [...args], options: known, allowPositionals: true });
}

const needed = ["go", "git", "kubectl"];
const isHere = (tool: string): boolean => spawnSync(tool, [tool === "kubectl" ? "help" : "version"]).status === 0;

async function build(): Promise<void> {
  const started = performance.now();
  // One after the other: each build uses all cores, and they share what they compile.
  for (const tool of Object.values(tools)) await built(tool);
  console.log(`== tools: ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

async function run(asked: ReturnType<typeof options>): Promise<number> {
  const missing = needed.filter((tool) => !isHere(tool));
  if (missing.length > 0) {
    console.log(`test:flux is skipped: it needs ${missing.join(", ")}, which is not there.`);
    return process.env["CI"] === "true" ? 1 : 0;
  }
  if (asked.values.long) process.env["FLUX_LONG"] = "1";
  await build();
  const given = testArguments(asked);
  const suites = await runSuites("real API server, real controllers", [
    "--config=test/flux/vitest.config.ts",
    ...given,
  ]);
  const faults = recordFaults(suites, given.length > 0 ? "files" : "flux");
  const { outcome, results } = suites;
  if (results) printSuites(results);
  if (results) printFailures(results);
  if (results) console.log(counted(results));
  return results && outcome.ok && faults.ok ? 0 : 1;
}

try {
  const asked = options(process.argv.slice(2));
  if (asked.values.help) console.log(help);
  else process.exitCode = await run(asked);
} catch (error) {
  tell(refusal(error, help));
}
