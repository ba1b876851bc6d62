import type { Fleet } from "../stacks/config/fleet.ts";
import { stageNeeds } from "../stacks/config/stage-secrets.ts";
import { SandboxError } from "./error.ts";
import { dummyGitHubToken } from "./github/server.ts";
import type { How, Sandbox } from "./open.ts";
import { lastLines, type Run } from "./process/execute.ts";
import { dummyToken } from "./services.ts";

/** Runs Pulumi and goes on only when it succeeded. @throws SandboxError with what Pulumi said */
export async function mustRun(sandbox: Sandbox, args: readonly string[], how: How = {}): Promise<Run> {
  const run = await sandbox.pulumi(args, how);
  if (run.code !== 0) throw new SandboxError(`pulumi ${args.join(" ")} failed:\n${lastLines(run, 25)}`);
  return run;
}

/** With the form that the program asks for; of nobody. */
export const dummySecrets: { readonly [key: string]: string } = {
  "hcloud:token": dummyToken,
  clusterToken: "cluster".padEnd(64, "0"),
  githubToken: dummyGitHubToken,
  ageKey: `AGE-SECRET-KEY-1${"SANDBOX".padEnd(58, "0")}`,
};

/** No word that a file of the repository might have: a run is refused that would carry a secret there. */
const otherToken = "sandbox".padEnd(40, "1");

/** What some configurations need beside those, by the part of its path before the name. */
const otherDummies: { readonly [key: string]: string } = {
  ageKeys: dummySecrets["ageKey"] ?? "",
  pullSecrets: '{"auths":{}}',
  s3: otherToken,
  "gitops:token": otherToken,
};

/** By the path that sets each; what a person may bring as well is left out. */
export function dummiesFor(fleet: Fleet, name: string): readonly (readonly [path: string, value: string])[] {
  const stage = fleet.stages.find((each) => each.name === name);
  const needs = stage ? stageNeeds(fleet, stage).filter(({ group }) => group === undefined) : [];
  const others = needs.flatMap(({ key }) => {
    const value = otherDummies[key.replace(`${fleet.project}:`, "").replace(/\..*/, "")];
    return value === undefined ? [] : [[key, value] as const];
  });
  return [...Object.entries(dummySecrets), ...others];
}

/** Makes the stage's stack with its dummy secrets, as a user does once on a real account. */
export async function initStack(sandbox: Sandbox, stage: string): Promise<void> {
  await mustRun(sandbox, ["stack", "init", stage]);
  const secrets = dummiesFor(sandbox.fleet, stage).flatMap(([path, value]) => ["--secret", `${path}=${value}`]);
  await mustRun(sandbox, ["config", "set-all", "--path", "--stack", stage, ...secrets]);
}

/** The Kubernetes nodes of a stage as the emulator has them, by name. A gateway is none. */
export function serversOf({ services }: Sandbox, stage: string) {
  const servers = services.hetzner.state
    .servers()
    .filter(({ labels }) => labels["stage"] === stage && labels["role"] !== "gateway");
  return servers.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
