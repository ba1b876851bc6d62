/** SHELL: `npm run flux-upgrade` commits the components of the Flux that pins.json names; each cluster then upgrades itself. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ConfigError } from "../stacks/config/error.ts";
import { readFleet } from "../stacks/config/files.ts";
import type { Fleet, Stage } from "../stacks/config/fleet.ts";
import { artefact, type Hosts, officialHosts } from "../stacks/config/releases/artefacts.ts";
import { missingDigests, type Pins } from "../stacks/config/releases/pins.ts";
import { extraComponents, fluxUpgrade } from "../stacks/gitops/flux-components.ts";
import { openRemote, type Remote } from "../stacks/publish/git.ts";
import { PublishError } from "../stacks/publish/problem.ts";
import { refusal, tell } from "./outcome.ts";
import { parsed, required, stageNamed } from "./usage.ts";

const help = `Usage: npm run flux-upgrade -- --stage <stage> [--flux <binary>] [--dry-run]

Commits clusters/<c>/flux-system/gotk-components.yaml of one stage as the flux
of pins.json exports it. That is what \`flux bootstrap\` would commit; the
cluster's Flux applies it to itself. It never goes back to an older Flux.

  --stage <stage>  whose cluster; take them in promotion order, and look at one
                   before the next
  --flux <binary>  one that is here already; else the pinned release is
                   downloaded and compared with its digest
  --dry-run        say what would be committed, and commit nothing
  -h, --help       this text

It pushes with git's own credentials; for a token over https set GITOPS_TOKEN.
Ends with 0 when committed or there already, 1 when nothing could be committed,
2 for wrong options.`;

/** What a test puts in the place of the world. */
export interface World {
  readonly directory: string;
  readonly hosts: Hosts;
  readonly token: string | undefined;
  readonly print: (line: string) => void;
}

const run = promisify(execFile);

function options(args: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const known = { stage: text, flux: text, "dry-run": flag, help: flag };
  return parsed({ args: [...args], options: known }).values;
}

function architecture() {
  const found = { x64: "amd64", arm64: "arm64" }[process.arch as string];
  if (process.platform === "linux" && (found === "amd64" || found === "arm64")) return found;
  throw new ConfigError("pins.json has flux for Linux only; give one of the same version with --flux.");
}

/** The pinned flux, below a folder that leaves with the command. */
async function download({ flux }: Pins, hosts: Hosts, folder: string): Promise<string> {
  const pin = { tool: "flux", version: flux.version, architecture: architecture() } as const;
  const { url, member = "flux" } = artefact(pin, hosts);
  const response = await fetch(url).catch((error: Error) => {
    throw new ConfigError(
      `${url} cannot be reached (${(error.cause as Error | undefined)?.message ?? error.message}).`,
    );
  });
  if (!response.ok) throw new ConfigError(`${url} answers ${response.status}.`);
  const bytes = Buffer.from(await response.arrayBuffer());
  const actual = createHash("sha256").update(bytes).digest("hex");
  const pinned = flux.sha256[pin.architecture];
  if (actual !== pinned)
    throw new ConfigError(`${url} has SHA-256 ${actual}, pins.json says ${pinned}: it is not run.`);
  const archive = join(folder, "flux.tar.gz");
  writeFileSync(archive, bytes);
  await run("tar", ["-xzf", archive, "-C", folder, member]);
  chmodSync(join(folder, member), 0o755);
  return join(folder, member);
}

/** A flux writes the manifests that it was built with; another version would download its own. */
async function exported(binary: string, { flux }: Pins): Promise<string> {
  const said = await run(binary, ["--version"]).catch((error: Error) => {
    throw new ConfigError(`${binary} cannot be run (${error.message.split("\n")[0]}).`);
  });
  const version = /([0-9]+\.[0-9]+\.[0-9]+)\s*$/.exec(said.stdout)?.[1];
  if (version !== flux.version) {
    throw new ConfigError(`${binary} is flux ${version ?? "of no known version"}, pins.json has ${flux.version}.`);
  }
  const args = ["install", "--export", `--components-extra=${extraComponents.join(",")}`];
  return (await run(binary, args, { maxBuffer: 64 * 1024 * 1024 })).stdout;
}

interface Publication {
  readonly stage: Stage;
  readonly text: string;
  readonly version: string;
  readonly dryRun: boolean;
}

const tries = 10;

/** Gives what happened, in a sentence. */
async function publish(remote: Remote, { stage, text, version, dryRun }: Publication): Promise<string> {
  const path = `${stage.path}/flux-system/gotk-components.yaml`;
  for (let attempt = 1; attempt <= tries; attempt += 1) {
    const head = await remote.fetch();
    const live = (await remote.texts(head, [path])).get(path) ?? "";
    const upgrade = fluxUpgrade(live, text);
    if (upgrade.kind === "refused") throw new ConfigError(`${path} ${upgrade.reason}.`);
    if (upgrade.kind === "same") return `${path} is that of Flux ${version} already.`;
    const what = `${stage.name}: upgrade Flux from ${upgrade.from} to ${version}`;
    if (dryRun) return `${what}: ${path} would be committed.`;
    const changes = [{ kind: "update", path, text, reason: "configuration changed" }] as const;
    const seconds = Math.floor(Date.now() / 1000);
    const commit = await remote.commit({
      parent: head.commit,
      changes,
      message: `${what}\n\nupdate ${path}\n`,
      seconds,
    });
    if (await remote.push(commit))
      return `${what}: ${commit.slice(0, 8)}. flux get kustomizations --watch shows it arrive.`;
  }
  throw new ConfigError(`The branch got a new commit before each of ${tries} pushes; run it again when it rests.`);
}

async function upgrade(stage: Stage, { fleet, pins, text, dryRun, token }: Upgrading): Promise<string> {
  const { pushUrl: url, branch } = fleet.repository;
  const remote = openRemote({ url, branch, token });
  try {
    return await publish(remote, { stage, text, version: pins.flux.version, dryRun });
  } catch (error) {
    throw error instanceof PublishError ? new ConfigError(error.message) : error;
  } finally {
    remote.close();
  }
}

interface Upgrading {
  readonly fleet: Fleet;
  readonly pins: Pins;
  readonly text: string;
  readonly dryRun: boolean;
  readonly token: string | undefined;
}

/** @throws ConfigError in one sentence; nothing was committed then */
export async function fluxUpgradeCommand(args: readonly string[], world: World): Promise<void> {
  const values = options(args);
  if (values.help) return world.print(help);
  const name = required(values.stage, "--stage");
  const { fleet, pins } = readFleet(world.directory);
  const stage = stageNamed(fleet, name);
  const folder = mkdtempSync(join(tmpdir(), "flux-"));
  try {
    if (!values.flux && missingDigests(pins, [architecture()]).some((each) => each.startsWith("flux")))
      throw new ConfigError("pins.json has no SHA-256 for flux; `npm run pins` fetches and verifies it.");
    const binary = values.flux ?? (await download(pins, world.hosts, folder));
    const text = await exported(binary, pins);
    const dryRun = values["dry-run"] ?? false;
    world.print(await upgrade(stage, { fleet, pins, text, dryRun, token: world.token }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const directory = join(import.meta.dirname, "..");
  const print = (line: string) => console.log(line);
  try {
    const token = process.env["GITOPS_TOKEN"];
    await fluxUpgradeCommand(process.argv.slice(2), { directory, hosts: officialHosts, token, print });
  } catch (error) {
    tell(refusal(error, help));
  }
}
