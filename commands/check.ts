/** `npm test`: format, lint, types, unused code and every test; all of them run, so that all that is wrong shows at once. */
import { recordFaults } from "./faults/record.ts";
import { counted, type Outcome, outcome, printFailures, printSuites, runSuites, type Step } from "./suites.ts";

/** Biome colours every character by itself, which fills a log. */
const colors = process.stdout.isTTY ? [] : ["--colors=off"];

const steps: readonly Step[] = [
  { name: "format and lint", run: ["@biomejs/biome/bin/biome", "ci", "--error-on-warnings", ...colors, "."] },
  { name: "types", run: ["typescript/bin/tsc", "--project", "."] },
  { name: "unused code", run: ["knip/bin/knip.js"] },
];

const outcomes: Outcome[] = [];
for (const step of steps) outcomes.push(await outcome(step));
const tests = await runSuites("tests");
outcomes.push(tests.outcome, recordFaults(tests, "tests"));

if (tests.results) printSuites(tests.results);
for (const { name, ok, seconds } of outcomes) {
  console.log(`${ok ? "ok    " : "FAILED"} ${seconds.toFixed(1).padStart(6)} s  ${name}`);
}
if (tests.results) printFailures(tests.results);
if (tests.results) console.log(counted(tests.results));
process.exitCode = tests.results && outcomes.every(({ ok }) => ok) ? 0 : 1;
