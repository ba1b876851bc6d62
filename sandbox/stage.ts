import type { Stage } from "../stacks/config/fleet.ts";
import { SandboxError } from "./lock.ts";
import { bootNode } from "./node/boot.ts";
import type { Sandbox } from "./open.ts";
import type { Run } from "./pulumi/run.ts";
import { dummyToken } from "./services.ts";

/** The last lines of a failed command: Pulumi says what went wrong at its end. */
const ending = ({ stdout, stderr }: Run): string => `${stdout}\n${stderr}`.trim().split("\n").slice(-25).join("\n");

/** Runs Pulumi and goes on only when it succeeded. @throws SandboxError with what Pulumi said */
export async function mustRun(sandbox: Sandbox, args: readonly string[]): Promise<Run> {
  const run = await sandbox.pulumi(args);
  if (run.code !== 0) throw new SandboxError(`pulumi ${args.join(" ")} failed:\n${ending(run)}`);
  return run;
}

/** Makes the stage's stack with its dummy secrets, as a user does once on a real account. */
export async function initStack(sandbox: Sandbox, stage: string): Promise<void> {
  await mustRun(sandbox, ["stack", "init", stage]);
  await mustRun(sandbox, ["config", "set", "--stack", stage, "--secret", "hcloud:token", dummyToken]);
}

/** The Kubernetes nodes of a stage as the emulator has them, by name. A gateway is none. */
export function serversOf({ services }: Sandbox, stage: string) {
  const servers = services.hetzner.state
    .servers()
    .filter(({ labels }) => labels["stage"] === stage && labels["role"] !== "gateway");
  return servers.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Boots every server of the stage: the stand-ins read their user data and do what cloud-init would make them do. */
export async function bootNodes(sandbox: Sandbox, stage: Stage): Promise<readonly string[]> {
  const { hetzner, repository } = sandbox.services;
  const names: string[] = [];
  for (const { id, name } of serversOf(sandbox, stage.name)) {
    await bootNode({ name, userData: hetzner.state.userData(id) ?? "", repository });
    names.push(name);
  }
  return names;
}
