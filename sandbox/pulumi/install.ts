/** The two ways to a Pulumi CLI where none is installed. */
import { join } from "node:path";
import { goBuild } from "../go/build.ts";
import { execute, lastLines } from "../process/execute.ts";

/** The newest CLI that is also to be had as a Go module; `cli/go.mod` pins the same. */
export const cliVersion = "3.259.0";

export interface Install {
  /** Folder to fill. */
  readonly into: string;
  readonly progress: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

const wayOut = "Install Pulumi (https://www.pulumi.com/docs/install) and run this again.";

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

/** Builds the CLI from the pinned Go module. Leaves `<into>/pulumi`. @throws SandboxError */
export async function buildFromSource({ into, progress, signal }: Install): Promise<void> {
  progress(`Building the Pulumi CLI ${cliVersion} from source, once; this takes 3 to 8 minutes`);
  const command = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";
  const flags = `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${cliVersion}`;
  const args = ["-mod=readonly", "-ldflags", flags, "-o", join(into, "pulumi"), command];
  await goBuild({ name: "Pulumi CLI", cwd: join(import.meta.dirname, "cli"), args, wayOut, progress, signal });
}
