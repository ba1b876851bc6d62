/** SHELL: `npm run pins` downloads every pinned artefact, verifies it and writes its digest with its source to pins.json. */
import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../stacks/config/error.ts";
import { type Artefact, artefact, type Hosts, officialHosts } from "../stacks/config/releases/artefacts.ts";
import {
  type Architecture,
  architectures,
  missingDigests,
  type Pin,
  type Pins,
  parsePins,
  type Tool,
  tools,
} from "../stacks/config/releases/pins.ts";
import { refusal, tell } from "./outcome.ts";
import { parsed } from "./usage.ts";

const help = `Usage: npm run pins [-- --check]

Downloads every artefact that pins.json names, for amd64 and arm64, compares it
with the checksum file of its own release and writes digest and source to
pins.json. If one artefact cannot be verified, nothing is written.

  --check     verify everything, write nothing; fails when pins.json lacks a
              digest
  -h, --help  this text

To take another version: edit it in pins.json, set its "sha256" to {"amd64":
null, "arm64": null} and its "source" to null, and run this. A digest that
pins.json already has is never overwritten.
Ends with 0 when all are verified, 1 when one is not, 2 for wrong options.`;

/** What a test puts in the place of the world. */
export interface World {
  readonly file: string;
  readonly hosts: Hosts;
  readonly print: (line: string) => void;
  /** For one artefact, in milliseconds: k3s has some 75 MB. */
  readonly timeout: number;
}

interface Job {
  readonly tool: Tool;
  readonly architecture: Architecture;
}

interface Verified {
  readonly sha256: string;
  readonly checksums: string;
}

type Finding = (Job & Verified & { readonly kind: "verified" }) | { readonly kind: "failed"; readonly message: string };

/** The digest that a release's list gives for a file: exactly one line has to name it. */
function published(list: string, name: string): string {
  const lines = list.split("\n").map((line) => /^([0-9a-f]{64}) [ *](.+?)\r?$/.exec(line));
  const digests = lines.flatMap((line) => (line?.[1] && line[2] === name ? [line[1]] : []));
  const [digest] = digests;
  if (digest === undefined || digests.length > 1)
    throw new Error(`its release's checksum file names ${name} ${digests.length} times`);
  return digest;
}

/** fetch says "fetch failed" for everything; its cause says what happened. */
const reason = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
};

async function get(url: string, signal: AbortSignal): Promise<Response> {
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  if (new URL(url).protocol !== new URL(response.url).protocol) throw new Error(`${url} leads away from https`);
  return response;
}

async function sha256(response: Response): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of response.body ?? []) hash.update(chunk);
  return hash.digest("hex");
}

async function verified({ url, checksums, name }: Artefact, timeout: number): Promise<Verified> {
  const signal = AbortSignal.timeout(timeout);
  const expected = published(await (await get(checksums, signal)).text(), name);
  const actual = await sha256(await get(url, signal));
  if (actual !== expected) throw new Error(`the download has SHA-256 ${actual}, its release says ${expected}`);
  return { sha256: actual, checksums };
}

const contradiction = (pinned: string, found: string): string =>
  `pins.json has ${pinned}, its release ${found}, and a release never changes. If you have just edited the version, set ` +
  "its sha256 and source to null; if not, find out what happened before anything is installed";

async function finding({ tool, architecture }: Job, pins: Pins, world: World): Promise<Finding> {
  const { version, sha256: known } = pins[tool];
  const what = `${tool} ${version} for ${architecture}`;
  try {
    const found = await verified(artefact({ tool, version, architecture }, world.hosts), world.timeout);
    const pinned = known[architecture];
    if (pinned !== null && pinned !== found.sha256) throw new Error(contradiction(pinned, found.sha256));
    world.print(`${what}: verified`);
    return { kind: "verified", tool, architecture, ...found };
  } catch (error) {
    return { kind: "failed", message: `${what}: ${reason(error)}` };
  }
}

/** The pins with what was verified, both architectures of a tool from one release. */
function updated(pins: Pins, findings: readonly Finding[]): Pins {
  const pinOf = (tool: Tool): Pin => {
    const found = findings.flatMap((each) => (each.kind === "verified" && each.tool === tool ? [each] : []));
    const by = (key: keyof Verified) =>
      Object.fromEntries(found.map((each) => [each.architecture, each[key]])) as {
        readonly [A in Architecture]: string;
      };
    return {
      version: pins[tool].version,
      sha256: by("sha256"),
      source: { kind: "release", checksums: by("checksums") },
    };
  };
  return {
    ...pins,
    ...(Object.fromEntries(tools.map((tool) => [tool, pinOf(tool)])) as { readonly [T in Tool]: Pin }),
  };
}

/** A reader sees the old file or the new one, never a part. */
function replaceFile(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

function options(args: readonly string[]) {
  return parsed({ args: [...args], options: { check: { type: "boolean" }, help: { type: "boolean" } } }).values;
}

function requireDigests(pins: Pins): void {
  const missing = missingDigests(pins, architectures);
  if (missing.length > 0)
    throw new ConfigError(`pins.json has no SHA-256 for ${missing.join(", ")}; \`npm run pins\` writes them.`);
}

/**
 * Verifies, then writes.
 * @throws ConfigError with one sentence per artefact that could not be verified; the file is then as it was
 */
export async function pinsCommand(args: readonly string[], world: World): Promise<void> {
  const values = options(args);
  if (values.help) return world.print(help);
  const pins = parsePins(readFileSync(world.file, "utf8"));
  const jobs = tools.flatMap((tool) => architectures.map((architecture) => ({ tool, architecture })));
  const findings = await Promise.all(jobs.map((job) => finding(job, pins, world)));
  const failed = findings.flatMap((each) => (each.kind === "failed" ? [`  ${each.message}`] : []));
  if (failed.length > 0)
    throw new ConfigError(
      `${failed.length} of ${findings.length} artefacts could not be verified; pins.json is as it was:\n${failed.join("\n")}`,
    );
  if (values.check) return requireDigests(pins);
  replaceFile(world.file, `${JSON.stringify(updated(pins, findings), null, 2)}\n`);
  world.print("pins.json holds what was verified.");
}

if (import.meta.main) {
  const file = join(import.meta.dirname, "..", "pins.json");
  const print = (line: string) => console.log(line);
  try {
    await pinsCommand(process.argv.slice(2), { file, hosts: officialHosts, print, timeout: 600_000 });
  } catch (error) {
    tell(refusal(error, help));
  }
}
