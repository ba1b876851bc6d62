/** SHELL: the only reader of pulumi.Config. Secrets never pass through here; their providers read them. */
import * as pulumi from "@pulumi/pulumi";
import { ConfigError } from "./error.ts";
import { readPins, readSources } from "./files.ts";
import type { Fleet, Stage } from "./fleet.ts";
import { missingDigests, type Pins } from "./pins.ts";
import { resolve } from "./resolve.ts";
import type { Sources } from "./sources.ts";

export interface Loaded {
  readonly fleet: Fleet;
  readonly stage: Stage;
  readonly pins: Pins;
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

/** The provider's own message for a missing token comes late and names no stack. */
function requireToken(stack: string): void {
  if (new pulumi.Config("hcloud").getSecret("token") ?? process.env["HCLOUD_TOKEN"]) return;
  throw new ConfigError(
    `There is no Hetzner token for ${stack}. Make one in the Hetzner console (project > Security > API tokens, read and ` +
      `write), then: pulumi config set --secret hcloud:token --stack ${stack}`,
  );
}

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
  const fleet = resolve(withRunning(readSources(directory), stack));
  const stage = fleet.stages.find(({ name }) => name === stack);
  if (!stage) throw new Error(`the stage ${stack} is configured, but was not resolved`);
  const pins = readPins(directory);
  requireToken(stack);
  requireDigests(pins);
  return { fleet, stage, pins };
}

/** The running stage, checked together with its siblings. A user's mistake ends the program in words, without a stack. */
export function loadStage(): Loaded {
  try {
    return load();
  } catch (error) {
    throw error instanceof ConfigError ? new pulumi.RunError(error.message) : error;
  }
}
