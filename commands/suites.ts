/** Runs vitest and prints what each suite took. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

export interface Outcome {
  readonly name: string;
  readonly ok: boolean;
  readonly seconds: number;
}

export interface Step {
  readonly name: string;
  /** A package's JavaScript entry below node_modules, run by this very Node, and its arguments. */
  readonly run: readonly [script: string, ...args: string[]];
}

export async function outcome({ name, run: [script, ...args] }: Step): Promise<Outcome> {
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
  readonly testResults: readonly {
    readonly name: string;
    readonly startTime: number;
    readonly endTime: number;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

export interface Suites {
  readonly outcome: Outcome;
  /** Undefined when vitest did not come so far. */
  readonly results: VitestResults | undefined;
}

export async function runSuites(name: string, args: readonly string[] = []): Promise<Suites> {
  const folder = mkdtempSync(join(tmpdir(), "k3s-stages-check-"));
  const file = join(folder, "results.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const ended = await outcome({ name, run: ["vitest/vitest.mjs", "run", ...args, ...reporters] });
  const results = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as VitestResults) : undefined;
  rmSync(folder, { recursive: true });
  return { outcome: ended, results };
}

export function printSuites({ testResults }: VitestResults): void {
  console.log("\n== time per suite");
  const suites = testResults.map(({ name, startTime, endTime }) => ({ name, seconds: (endTime - startTime) / 1000 }));
  for (const { name, seconds } of suites.toSorted((a, b) => b.seconds - a.seconds)) {
    console.log(`  ${seconds.toFixed(1).padStart(6)} s  ${name.slice(root.length + 1)}`);
  }
}

/** The last line of a run, which CI reads. */
export function counted({ numPassedTests, numFailedTests, numPendingTests }: VitestResults): string {
  const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : "";
  return `${numPassedTests} passed, ${numFailedTests} failed${skipped}`;
}
