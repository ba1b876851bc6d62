/** SHELL: the only reader of pulumi.Config. Secrets never pass through here; their providers read them. */
import * as pulumi from "@pulumi/pulumi";
import { ConfigError } from "./error.ts";
import { readPins, readSources } from "./files.ts";
import type { Fleet, Stage } from "./fleet.ts";
import { missingDigests, type Pins } from "./pins.ts";
import { resolve } from "./resolve.ts";
import type { Sources } from "./sources.ts";
import { tokenProblem } from "./token.ts";

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
    .filter(([key]) => key.startsWith(prefix))
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

/** The provider's own message for a missing token comes late and names no stack. */
function requireToken(stack: string): void {
  const token = hetznerToken();
  const problem = tokenProblem(token);
  if (problem === undefined) return;
  const set = `pulumi config set --secret hcloud:token --stack ${stack}`;
  if (token !== "") throw new ConfigError(`The Hetzner token for ${stack} cannot be one: ${problem}: ${set}`);
  throw new ConfigError(
    `There is no Hetzner token for ${stack}. Make one in the Hetzner console (project > Security > API tokens, read and ` +
      `write), then: ${set}`,
  );
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

function load(): Loaded {
  const stack = pulumi.getStack();
  const directory = process.cwd();
  const sources = withRunning(readSources(directory), stack);
  const fleet = resolve(sources);
  const stage = fleet.stages.find(({ name }) => name === stack);
  if (!stage) throw new Error(`the stage ${stack} is configured, but was not resolved`);
  const pins = readPins(directory);
  requireToken(stack);
  requireDigests(pins);
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
