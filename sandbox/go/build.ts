/** `go build` of something large, with a line of progress every so often. */
import { SandboxError } from "../error.ts";
import { execute, lastLines } from "../process/execute.ts";

export interface GoBuild {
  /** As people call it. */
  readonly name: string;
  /** Folder of the module that is built. */
  readonly cwd: string;
  /** What follows `go build -v`. */
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** What to do where it cannot be built. */
  readonly wayOut: string;
  readonly progress: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

function elapsed(since: number): string {
  const total = Math.round((performance.now() - since) / 1000);
  return total < 60 ? `${total} s` : `${Math.floor(total / 60)} min ${total % 60} s`;
}

/** Counts what `go build -v` reports: a line per module it fetches and per package it compiles. */
export function buildProgress() {
  const counts = { modules: 0, packages: 0 };
  return {
    onLine: (line: string) => {
      if (line.startsWith("go: downloading ")) counts.modules += 1;
      else if (/^[\w.~-]+(\/[\w.~-]+)*$/.test(line)) counts.packages += 1;
    },
    text: () => `${counts.modules} modules fetched, ${counts.packages} packages compiled`,
  };
}

/** @throws SandboxError with the compiler's last words, or when there is no Go */
export async function goBuild({ name, cwd, args, env, wayOut, progress, signal }: GoBuild): Promise<void> {
  const started = performance.now();
  const { onLine, text } = buildProgress();
  const ticker = setInterval(() => progress(`  ${elapsed(started)}: ${text()}`), 15_000);
  try {
    const optional = { ...(env ? { env } : {}), ...(signal ? { signal } : {}) };
    const run = await execute({ file: "go", args: ["build", "-v", ...args], cwd, onLine, ...optional });
    signal?.throwIfAborted();
    if (run.code !== 0) throw new SandboxError(`${name} could not be built:\n${lastLines(run)}\n${wayOut}`);
    progress(`${name} built in ${elapsed(started)}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new SandboxError(`There is no ${name}, and no Go to build one with. ${wayOut}`);
  } finally {
    clearInterval(ticker);
  }
}
