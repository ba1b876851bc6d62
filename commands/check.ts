/** `npm test`: format, lint, types, unused code and every test; all of them run, so that all that is wrong shows at once. */
import { recordFaults } from "./faults/record.ts";
import { refusal, tell } from "./outcome.ts";
import { counted, type Outcome, outcome, printFailures, printSuites, runSuites, type Step } from "./suites.ts";
import { parsed } from "./usage.ts";

const help = `Usage: npm test

Format, lint, types, unused code and every test: some twenty minutes on two
cores. npm run test:file -- test/<name>.test.ts runs one file of them.

  -h, --help  this text

Ends with 0 when all is well, 1 when something is not, 2 for wrong options.`;

/** Biome colours every character by itself, which fills a log. */
const colors = process.stdout.isTTY ? [] : ["--colors=off"];

const steps: readonly Step[] = [
  { name: "format and lint", run: ["@biomejs/biome/bin/biome", "ci", "--error-on-warnings", ...colors, "."] },
  { name: "types", run: ["typescript/bin/tsc", "--project", "."] },
  { name: "unused code", run: ["knip/bin/knip.js"] },
];

async function check(): Promise<number> {
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
  return tests.results && outcomes.every(({ ok }) => ok) ? 0 : 1;
}

try {
  const { values } = parsed({ options: { help: { type: "boolean" } } });
  if (values.help) console.log(help);
  else process.exitCode = await check();
} catch (error) {
  tell(refusal(error, help));
}
