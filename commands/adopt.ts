/** `npm run adopt -- --repo URL|DIR`: the configuration of a repository that was written by hand. It only ever reads it. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Adoption, adopt } from "../stacks/adopt/adopt.ts";
import type { Finding } from "../stacks/adopt/finding.ts";
import { report } from "../stacks/adopt/report.ts";
import { ConfigError } from "../stacks/config/error.ts";
import { readPins } from "../stacks/config/files.ts";
import { versionsOf } from "../stacks/gitops/versions.ts";
import { openRemote } from "../stacks/publish/git.ts";
import { isManifest } from "../stacks/publish/ownership.ts";
import type { Entry, Head } from "../stacks/publish/snapshot.ts";
import { isScanned } from "../stacks/tree/setters.ts";
import { type Outcome, refusal, tell } from "./outcome.ts";
import { gitAddress, isBare } from "./repository.ts";
import { parsed, required } from "./usage.ts";

const help = `Usage: npm run adopt -- --repo <url|folder> [--branch <name>] [--out <folder>]
                        [--json]

Reads a GitOps repository that was written by hand (apps/<app>/{base,<stage>},
image policies and Flux Kustomizations under clusters/<cluster>/), and says what
it runs, what is wrong in it, and what this program would change. Writes the
configuration that renders it. The repository is only read, nothing is pushed.

  --repo <url|folder>  a git address or bare repository, or a folder, which is
                       read as it lies there
  --branch <name>      of a git address; main, if not given
  --out <folder>       for Pulumi.yaml and Pulumi.<stage>.yaml, which are
                       printed otherwise; no file is overwritten
  --json               everything as JSON, the configuration included
  -h, --help           this text

The cluster part of the configuration is a sample: choose location, servers and
API ranges yourself.
Ends with 0 when nothing wrong was found, 1 when something is wrong in the
repository or it cannot be read, 2 for wrong options.`;

/** Far more than people write by hand; what lies beyond is somebody's data. */
const maxFiles = 20_000;
const maxBytes = 1_000_000;

function options(args: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  return parsed({ args: [...args], options: { repo: text, branch: text, out: text, json: flag, help: flag } }).values;
}

interface Reading {
  readonly head: Head;
  readonly skipped: readonly Finding[];
}

const isWanted = (path: string): boolean => isScanned(path) || isManifest(path);

function tooLarge(path: string): Finding {
  const message = `is larger than ${maxBytes} bytes: skipped here`;
  return { code: "too-large", severity: "warning", path, line: 1, message };
}

function tooMany(count: number): void {
  if (count > maxFiles)
    throw new ConfigError(`There are more than ${maxFiles} files: name the repository's own folder.`);
}

type Listed = readonly [path: string, kind: Entry["kind"]];

const ignored = [".git", "node_modules"];

/** Every file below a folder; symbolic links are listed and not followed. */
function* walk(folder: string, at = ""): Generator<Listed> {
  const entries = readdirSync(join(folder, at), { withFileTypes: true }).filter(({ name }) => !ignored.includes(name));
  for (const entry of entries) {
    const path = at + entry.name;
    if (entry.isDirectory()) yield* walk(folder, `${path}/`);
    if (entry.isFile() || entry.isSymbolicLink()) yield [path, entry.isFile() ? "file" : "symlink"];
  }
}

function listed(folder: string): readonly Listed[] {
  const found: Listed[] = [];
  for (const each of walk(folder)) {
    found.push(each);
    tooMany(found.length);
  }
  return found;
}

function readFolder(folder: string): Reading {
  const all = listed(folder);
  const wanted = all.filter(([path, kind]) => kind === "file" && isWanted(path)).map(([path]) => path);
  const large = wanted.filter((path) => statSync(join(folder, path)).size > maxBytes);
  const texts = new Map(
    wanted.filter((path) => !large.includes(path)).map((path) => [path, readFileSync(join(folder, path), "utf8")]),
  );
  const id = (path: string) =>
    createHash("sha1")
      .update(texts.get(path) ?? path)
      .digest("hex");
  const entries = new Map(all.map(([path, kind]) => [path, { kind, id: id(path) }]));
  return { head: { commit: undefined, entries, texts }, skipped: large.map(tooLarge) };
}

async function readRemote(url: string, branch: string): Promise<Reading> {
  const remote = openRemote({ url, branch });
  try {
    const snapshot = await remote.fetch();
    if (!snapshot.commit) throw new ConfigError(`${url} is empty: there is nothing to adopt.`);
    tooMany(snapshot.entries.size);
    const read = await remote.texts(snapshot, [...snapshot.entries.keys()].filter(isWanted));
    const large = [...read].filter(([, text]) => text.length > maxBytes).map(([path]) => path);
    const texts = new Map([...read].filter(([path]) => !large.includes(path)));
    return { head: { ...snapshot, texts }, skipped: large.map(tooLarge) };
  } finally {
    remote.close();
  }
}

/** A checkout is read as it lies there, uncommitted edits included; a bare repository by its branch. */
async function reading(repo: string, branch: string): Promise<Reading> {
  if (/^[a-z+]+:\/\/|^[^/]+@[^/]+:/.test(repo)) return await readRemote(repo, branch);
  const folder = resolve(repo);
  if (!existsSync(folder))
    throw new ConfigError(`There is no folder ${folder}; a git address begins with ssh:// or https://.`);
  if (!statSync(folder).isDirectory()) throw new ConfigError(`${folder} is no folder.`);
  return isBare(folder) ? await readRemote(gitAddress(folder, folder), branch) : readFolder(folder);
}

/** All files or none: those that exist are refused before the first is written. */
function write(configuration: Adoption["configuration"], folder: string): void {
  const files = Object.entries(configuration).map(([name, text]) => [join(folder, name), text] as const);
  const there = files.map(([file]) => file).filter((file) => existsSync(file));
  if (there.length > 0) throw new ConfigError(`${there.join(", ")}: exists already, and nothing is overwritten.`);
  if (!existsSync(folder)) mkdirSync(folder);
  for (const [file, text] of files) writeFileSync(file, text, { flag: "wx" });
}

function project(directory: string): string {
  const file = join(directory, "Pulumi.yaml");
  if (existsSync(file)) return readFileSync(file, "utf8");
  throw new ConfigError(`There is no Pulumi.yaml in ${directory}; run this in the project's folder.`);
}

/** @throws ConfigError, PublishError or UsageError, each with one sentence that names the way out */
async function adoptRepository(args: readonly string[], directory: string): Promise<Outcome> {
  const { repo: given, branch = "main", out, json: isJson, help: isHelp } = options(args);
  if (isHelp) return { code: 0, text: help };
  const repo = required(given, "--repo");
  const { head, skipped } = await reading(repo, branch);
  const versions = versionsOf(readPins(directory));
  const adoption = adopt({ head, project: project(directory), versions, repository: { url: repo, branch }, skipped });
  if (adoption.system.apps.length === 0) {
    throw new ConfigError(`${repo} has no apps/<app>/<stage>/kustomization.yaml, so there is nothing to adopt.`);
  }
  if (out) write(adoption.configuration, resolve(out));
  const isWrong = adoption.problems !== "" || adoption.findings.some(({ severity }) => severity === "error");
  const text = isJson ? JSON.stringify(adoption, null, 2) : report({ adoption, out });
  return { code: isWrong ? 1 : 0, text };
}

/** Runs the command for the project in a folder, which has Pulumi.yaml and pins.json. */
export async function adoptCommand(args: readonly string[], directory: string): Promise<Outcome> {
  try {
    return await adoptRepository(args, directory);
  } catch (error) {
    return refusal(error, help);
  }
}

if (import.meta.main) {
  tell(await adoptCommand(process.argv.slice(2), process.cwd()));
}
