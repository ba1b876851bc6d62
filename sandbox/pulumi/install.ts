/** The two ways to a Pulumi CLI where none is installed. */
import { join } from "node:path";
import { SandboxError } from "../lock.ts";
import { execute, type Run } from "./process.ts";

/** The newest CLI that is also to be had as a Go module; `cli/go.mod` pins the same. */
export const cliVersion = "3.259.0";

export interface Install {
  /** Folder to fill. */
  readonly into: string;
  readonly progress: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

const wayOut = "Install Pulumi (https://www.pulumi.com/docs/install) and run this again.";

const lastLines = ({ stdout, stderr }: Run): string => `${stdout}\n${stderr}`.trim().split("\n").slice(-5).join("\n");

const either = (signal: AbortSignal | undefined, milliseconds: number): AbortSignal =>
  AbortSignal.any([AbortSignal.timeout(milliseconds), ...(signal ? [signal] : [])]);

/** As the SDK's Automation API does it (automation/cmd.js, installPosix), but with limits. Leaves `<into>/bin/pulumi`. */
export async function installOfficial({ into, signal }: Install): Promise<void> {
  const response = await fetch("https://get.pulumi.com/install.sh", { signal: either(signal, 5_000) });
  if (!response.ok) throw new Error(`get.pulumi.com answered ${response.status}`);
  const args = ["-s", "--", "--no-edit-path", "--install-root", into, "--version", cliVersion];
  const limit = either(signal, 300_000);
  const run = await execute({ file: "/bin/sh", args, input: await response.text(), signal: limit });
  if (run.code !== 0) throw new Error(lastLines(run));
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

/** Builds the CLI from the pinned Go module. Leaves `<into>/pulumi`. @throws SandboxError */
export async function buildFromSource({ into, progress, signal }: Install): Promise<void> {
  const started = performance.now();
  progress(`Building the Pulumi CLI ${cliVersion} from source, once; this takes 3 to 8 minutes`);
  const { onLine, text } = buildProgress();
  const ticker = setInterval(() => progress(`  ${elapsed(started)}: ${text()}`), 15_000);
  const command = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";
  const flags = `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${cliVersion}`;
  const args = ["build", "-v", "-mod=readonly", "-ldflags", flags, "-o", join(into, "pulumi"), command];
  try {
    const cwd = join(import.meta.dirname, "cli");
    const run = await execute({ file: "go", args, cwd, onLine, ...(signal ? { signal } : {}) });
    signal?.throwIfAborted();
    if (run.code !== 0) throw new SandboxError(`The Pulumi CLI could not be built:\n${lastLines(run)}\n${wayOut}`);
    progress(`Pulumi CLI built in ${elapsed(started)}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new SandboxError(`There is no Pulumi CLI, and no Go to build one with. ${wayOut}`);
  } finally {
    clearInterval(ticker);
  }
}
