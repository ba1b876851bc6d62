/** Programs in Go, under test/oracles, that hold this project to the code of those whose rules it follows. */
import { execFile, spawn, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { describe } from "vitest";

const hasGo = spawnSync("go", ["version"]).status === 0;

/** On a laptop without Go there is nothing to hold to; on CI that is a failure. */
export const describeWithGo = describe.skipIf(!hasGo && process.env["CI"] !== "true");

/** What a first build may take, its modules downloaded and compiled; later ones only link. */
export const buildTimeout = 600_000;

interface Command {
  readonly binary: string;
  readonly module: string;
  readonly command?: string;
}

/** Builds the command in a folder of test/oracles, `.` for the folder's own, and the binary's folder. @throws Error with the compiler's words */
export async function buildOracle({ binary, module, command = "." }: Command): Promise<void> {
  mkdirSync(dirname(binary), { recursive: true });
  const cwd = join(import.meta.dirname, "oracles", module);
  await promisify(execFile)("go", ["build", "-o", binary, command], { cwd });
}

function* lines(questions: Iterable<object>): Iterable<string> {
  for (const question of questions) yield `${JSON.stringify(question)}\n`;
}

/** Asks one process a line of JSON per question, and gives its answers in the same order. */
export async function answers<A>(binary: string, questions: Iterable<object>): Promise<readonly A[]> {
  const { stdin, stdout } = spawn(binary, { stdio: ["pipe", "pipe", "inherit"] });
  const asked = pipeline(Readable.from(lines(questions)), stdin);
  const found: A[] = [];
  for await (const line of createInterface({ input: stdout })) found.push(JSON.parse(line));
  await asked;
  return found;
}
