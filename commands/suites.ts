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

interface TestResult {
  readonly fullName: string;
  readonly status: string;
  readonly failureMessages?: readonly string[];
}

export interface VitestResults {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly startTime: number;
    readonly endTime: number;
    /** What kept the file from being loaded; empty where only tests failed. */
    readonly message: string;
    readonly status: string;
    readonly assertionResults: readonly TestResult[];
  }[];
}

export interface Suites {
  readonly outcome: Outcome;
  /** Undefined when vitest did not come so far. */
  readonly results: VitestResults | undefined;
}

/** What of vitest's own options a command takes, beside files' names or parts of them. */
export const testOptions = {
  testNamePattern: { type: "string", short: "t" },
  update: { type: "boolean", short: "u" },
  help: { type: "boolean" },
} as const;

interface Asked {
  readonly positionals: readonly string[];
  readonly values: { readonly testNamePattern?: string | undefined; readonly update?: boolean | undefined };
}

export const testArguments = ({ positionals, values: { testNamePattern, update } }: Asked): readonly string[] => [
  ...positionals,
  ...(testNamePattern === undefined ? [] : [`--testNamePattern=${testNamePattern}`]),
  ...(update ? ["--update"] : []),
];

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

const firstLines = (text = "", count = 12): string =>
  text
    .split("\n")
    .filter((line) => !/^\s+at /.test(line))
    .slice(0, count)
    .map((line) => `    ${line.slice(0, 240)}`)
    .join("\n");

/** Each test that failed, with the head of its message: at the end of a run, since a log is often cut to its last lines. */
export function failures({ testResults }: VitestResults): string[] {
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = name.slice(root.length + 1);
    const failed = assertionResults.filter((test) => test.status === "failed");
    if (failed.length === 0) return status === "failed" ? [`${file}\n${firstLines(message)}`] : [];
    return failed.map((test) => `${file}: ${test.fullName}\n${firstLines(test.failureMessages?.[0])}`);
  });
}

export function printFailures(results: VitestResults): void {
  for (const failure of failures(results)) console.log(`FAILED ${failure}`);
}

/** The last line of a run, which CI reads. */
export function counted({ numPassedTests, numFailedTests, numPendingTests }: VitestResults): string {
  const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : "";
  return `${numPassedTests} passed, ${numFailedTests} failed${skipped}`;
}
