import { accessSync, constants, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { makeOnce } from "../go/once.ts";
import { buildFromSource, cliVersion, type Install, installOfficial } from "./install.ts";

export interface Cli {
  /** Absolute path. */
  readonly pulumi: string;
  readonly origin: "PATH" | "official installer" | "built from source";
}

type Progress = Install["progress"];

export interface Search {
  readonly path: string;
  /** Folder of this project in the user's cache. */
  readonly cache: string;
}

const fromEnvironment = (env: NodeJS.ProcessEnv): Search => ({
  path: env["PATH"] ?? "",
  cache: join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "k3s-stages"),
});

const folders = (cache: string) => ({
  official: join(cache, `pulumi-v${cliVersion}-official`),
  built: join(cache, `pulumi-v${cliVersion}`),
});

/** The CLI to use of those that are there. One on PATH counts only with the language host that runs Node programs. */
export function installedCli({ path, cache }: Search, isExecutable: (file: string) => boolean): Cli | undefined {
  const onPath = (name: string) =>
    path
      .split(delimiter)
      .filter(Boolean)
      .map((folder) => join(folder, name))
      .find(isExecutable);
  const { official, built } = folders(cache);
  const pulumi = onPath("pulumi");
  if (pulumi && onPath("pulumi-language-nodejs")) return { pulumi, origin: "PATH" };
  const cached: readonly Cli[] = [
    { pulumi: join(official, "bin", "pulumi"), origin: "official installer" },
    { pulumi: join(built, "pulumi"), origin: "built from source" },
  ];
  return cached.find((cli) => isExecutable(cli.pulumi));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Another run may be executing the old bytes: the new ones appear in one step, and only when they differ. */
function replaceFile(file: string, text: string, mode: number): void {
  try {
    if (readFileSync(file, "utf8") === text) return;
  } catch {
    // not there yet
  }
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, text, { mode });
  renameSync(draft, file);
}

/** Puts the stand-in language host where the CLI looks for a bundled one: beside itself. */
export function placeLanguageHost(folder: string): void {
  const source = readFileSync(join(import.meta.dirname, "language-host.ts"), "utf8");
  replaceFile(join(folder, "package.json"), '{ "type": "module" }\n', 0o644);
  replaceFile(join(folder, "language-host.ts"), source, 0o644);
  replaceFile(join(folder, "checkout"), `${join(import.meta.dirname, "../..")}\n`, 0o644);
  // The real host is a program of Go, which starts at once: ours starts without its compiler.
  const caches = 'PROGRAM_COMPILE_CACHE="$NODE_COMPILE_CACHE" NODE_COMPILE_CACHE="$(dirname "$0")/compile"';
  const launcher = `#!/bin/sh\n${caches} exec node "$(dirname "$0")/language-host.ts" "$@"\n`;
  replaceFile(join(folder, "pulumi-language-nodejs"), launcher, 0o755);
}

/** The official CLI if its makers can be reached. Says in one line why not. */
async function tryOfficial(folder: string, progress: Progress, signal?: AbortSignal): Promise<void> {
  progress("No Pulumi CLI is installed: trying the official download");
  const onWait = () => progress("Another process is downloading the Pulumi CLI: waiting for it");
  try {
    await makeOnce({ folder, onWait, signal, fill: (into) => installOfficial({ into, progress, signal }) });
  } catch (error) {
    signal?.throwIfAborted();
    const { message, cause } = error as Error;
    progress(`It cannot be had: ${cause instanceof Error ? cause.message : message}`);
  }
}

async function makeCli(cache: string, progress: Progress, signal?: AbortSignal): Promise<void> {
  const { official, built } = folders(cache);
  await tryOfficial(official, progress, signal);
  if (isExecutable(join(official, "bin", "pulumi"))) return;
  const onWait = () => progress("Another process is building the Pulumi CLI: waiting for it (up to 8 minutes)");
  await makeOnce({ folder: built, onWait, signal, fill: (into) => buildFromSource({ into, progress, signal }) });
}

/**
 * The Pulumi CLI: on PATH, else from its official installer, else built once from its Go module into the user's cache.
 * @throws SandboxError when there is none and none can be made
 */
export async function findPulumi(progress: Progress, signal?: AbortSignal): Promise<Cli> {
  const search = fromEnvironment(process.env);
  if (!installedCli(search, isExecutable)) await makeCli(search.cache, progress, signal);
  const cli = installedCli(search, isExecutable);
  if (!cli) throw new Error(`no Pulumi CLI in ${search.cache} although one was just put there`);
  if (cli.origin === "built from source") placeLanguageHost(dirname(cli.pulumi));
  return cli;
}
