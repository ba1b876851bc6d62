/** `npm test`: format, lint, types, unused code and every test; all of them run, so that all that is wrong shows at once. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Step {
  readonly name: string;
  /** A package's JavaScript entry below node_modules, run by this very Node, and its arguments. */
  readonly run: readonly [script: string, ...args: string[]];
}

interface Outcome {
  readonly name: string;
  readonly ok: boolean;
  readonly seconds: number;
}

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "k3s-stages-check-"));
const results = join(folder, "results.json");

/** Biome colours every character by itself, which fills a log. */
const colors = process.stdout.isTTY ? [] : ["--colors=off"];

const steps: readonly Step[] = [
  { name: "format and lint", run: ["@biomejs/biome/bin/biome", "ci", "--error-on-warnings", ...colors, "."] },
  { name: "types", run: ["typescript/bin/tsc", "--project", "."] },
  { name: "unused code", run: ["knip/bin/knip.js"] },
  {
    name: "tests",
    run: ["vitest/vitest.mjs", "run", "--reporter=default", "--reporter=json", `--outputFile.json=${results}`],
  },
];

async function outcome({ name, run: [script, ...args] }: Step): Promise<Outcome> {
  console.log(`\n== ${name}`);
  const started = performance.now();
  const child = spawn(process.execPath, [join(root, "node_modules", script), ...args], { cwd: root, stdio: "inherit" });
  const code = await new Promise((resolve) => child.on("exit", resolve));
  return { name, ok: code === 0, seconds: (performance.now() - started) / 1000 };
}

interface VitestResults {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly { readonly name: string; readonly startTime: number; readonly endTime: number }[];
}

function printSuites({ testResults }: VitestResults): void {
  const suites = testResults.map(({ name, startTime, endTime }) => ({ name, seconds: (endTime - startTime) / 1000 }));
  for (const { name, seconds } of suites.toSorted((a, b) => b.seconds - a.seconds)) {
    console.log(`  ${seconds.toFixed(1).padStart(6)} s  ${name.slice(root.length + 1)}`);
  }
}

const outcomes: Outcome[] = [];
for (const step of steps) outcomes.push(await outcome(step));

const tests = existsSync(results) ? (JSON.parse(readFileSync(results, "utf8")) as VitestResults) : undefined;
rmSync(folder, { recursive: true });

console.log("\n== time per suite");
if (tests) printSuites(tests);
for (const { name, ok, seconds } of outcomes) {
  console.log(`${ok ? "ok    " : "FAILED"} ${seconds.toFixed(1).padStart(6)} s  ${name}`);
}
if (tests) {
  const skipped = tests.numPendingTests > 0 ? `, ${tests.numPendingTests} skipped` : "";
  console.log(`${tests.numPassedTests} passed, ${tests.numFailedTests} failed${skipped}`);
}
process.exitCode = tests && outcomes.every(({ ok }) => ok) ? 0 : 1;
