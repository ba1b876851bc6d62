/** SHELL: reads the typed configuration from pulumi.Config. Secrets are only looked at here: are they there, and well formed? */
import * as pulumi from "@pulumi/pulumi";
import { documentIn } from "../yaml/read.ts";
import { ConfigError } from "./error.ts";
import { readPins, readSources } from "./files.ts";
import type { Fleet, Stage } from "./fleet.ts";
import { missingDigests, type Pins } from "./releases/pins.ts";
import { resolve } from "./resolve.ts";
import { sizeWarning } from "./size.ts";
import type { Sources } from "./sources.ts";
import {
  type Given,
  isSecretKey,
  type Need,
  openSecrets,
  secretProblems,
  secretValues,
  stageNeeds,
} from "./stage-secrets.ts";
import { declaredOverlaps } from "./tags/overlaps.ts";

export interface Loaded {
  readonly fleet: Fleet;
  readonly stage: Stage;
  readonly pins: Pins;
  /** To say where a value that turns out to be impossible was written. */
  readonly sources: Sources;
}

/** Pulumi keeps a structured value as JSON and a plain one as it is. */
function plain(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** The running stack's values are Pulumi's, so that `-c` and ESC count; what the files say serves its siblings. */
function withRunning(disk: Sources, stack: string): Sources {
  const prefix = `${disk.project}:`;
  const running = Object.entries(pulumi.runtime.allConfig())
    .filter(([key]) => key.startsWith(prefix) && !isSecretKey(key.slice(prefix.length)))
    .map(([key, value]) => [key.slice(prefix.length), plain(value)] as const);
  const shared = running.filter(([key]) => key in disk.shared.values);
  const own = running.filter(([key]) => !(key in disk.shared.values));
  const file = disk.stacks[stack] ?? { file: `Pulumi.${stack}.yaml`, text: "" };
  return {
    ...disk,
    shared: { ...disk.shared, values: Object.fromEntries(shared) },
    stacks: { ...disk.stacks, [stack]: { ...file, values: Object.fromEntries(own) } },
  };
}

/** The stack's own one, else the environment's, as the provider looks for it. */
const hetznerToken = (): string => pulumi.runtime.allConfig()["hcloud:token"] ?? process.env["HCLOUD_TOKEN"] ?? "";

/** What is set, by its full key; a part of a structured value by the path that sets it. */
function givenSecrets(needs: readonly Need[]): Given {
  const all = pulumi.runtime.allConfig();
  const values = needs.map(({ key }) => {
    const [whole = "", part] = key.split(/\.(.*)/);
    const value = key === "hcloud:token" ? hetznerToken() || undefined : all[whole];
    if (value === undefined || part === undefined) return [key, value] as const;
    const found = (plain(value) as { readonly [name: string]: unknown } | null)?.[part];
    return [key, found === undefined ? undefined : String(found)] as const;
  });
  return Object.fromEntries(values);
}

function openIn({ project, stacks }: Sources, stage: string): readonly string[] {
  const file = documentIn(stacks[stage]?.text ?? "") as
    | { readonly config?: Parameters<typeof openSecrets>[0] }
    | undefined;
  return openSecrets(file?.config ?? {}, project, stage);
}

/** A provider's own message for a missing token comes late and names no stack. @throws ConfigError with all at once */
function requireSecrets(fleet: Fleet, stage: Stage, disk: Sources): void {
  const reached = stage.cluster.access === "direct";
  const needs = stageNeeds(fleet, stage).filter(({ cluster }) => reached || !cluster);
  const problems = [...secretProblems(needs, givenSecrets(needs), stage.name), ...openIn(disk, stage.name)];
  if (problems.length === 0) return;
  throw new ConfigError(
    [`The stage ${stage.name} needs secrets. Each line asks for its value:`, ...problems].join("\n"),
  );
}

/** Every secret that this run was given, by the path that sets it: what has to stay out of Git. */
export function givenToRun(): ReadonlyMap<string, string> {
  const config = Object.entries(pulumi.runtime.allConfig()).map(([key, value]) => [key, plain(value)] as const);
  return secretValues({ ...Object.fromEntries(config), "hcloud:token": hetznerToken() }, pulumi.getProject());
}

/** Where Hetzner is asked, and by whom: what the provider is told too. It never becomes part of the configuration. */
export const hetznerAccount = () => ({
  endpoint: pulumi.runtime.allConfig()["hcloud:endpoint"] ?? process.env["HCLOUD_ENDPOINT"],
  token: hetznerToken(),
});

/** A node installs only what matches its digest, so a server without one would be paid for and never get ready. */
function requireDigests(pins: Pins): void {
  const missing = missingDigests(pins, ["amd64", "arm64"]);
  if (missing.length === 0) return;
  const message = `pins.json has no SHA-256 for ${missing.join(", ")}; \`npm run pins\` fetches and verifies them.`;
  if (!pulumi.runtime.isDryRun()) throw new ConfigError(message);
  pulumi.log.warn(`${message} \`pulumi up\` refuses until then.`);
}

function sayLarge(): void {
  const warning = sizeWarning(process.env["PULUMI_CONFIG"] ?? "");
  if (warning) pulumi.log.warn(warning);
}

function sayOverlaps(fleet: Fleet, stage: Stage): void {
  if (!pulumi.runtime.isDryRun()) return;
  for (const overlap of declaredOverlaps(fleet, stage)) pulumi.log.warn(overlap);
}

function load(): Loaded {
  const stack = pulumi.getStack();
  const directory = process.cwd();
  const disk = readSources(directory);
  const sources = withRunning(disk, stack);
  const fleet = resolve(sources);
  const stage = fleet.stages.find(({ name }) => name === stack);
  if (!stage) throw new Error(`the stage ${stack} is configured, but was not resolved`);
  const pins = readPins(directory);
  requireSecrets(fleet, stage, disk);
  requireDigests(pins);
  sayOverlaps(fleet, stage);
  sayLarge();
  return { fleet, stage, pins, sources };
}

/** The running stage, checked together with its siblings. A user's mistake ends the program in words, without a stack. */
export function loadStage(): Loaded {
  try {
    return load();
  } catch (error) {
    throw error instanceof ConfigError ? new pulumi.RunError(error.message) : error;
  }
}
