import { type ParseArgsConfig, parseArgs } from "node:util";
import { ConfigError } from "../stacks/config/error.ts";
import type { Fleet, Stage } from "../stacks/config/fleet.ts";
import { stageOf } from "../stacks/config/stage-of.ts";

/** Wrong options, which begin nothing: the help goes with the message, unless that is enough to go on with. */
export class UsageError extends ConfigError {
  readonly isEnough: boolean;

  constructor(message: string, { isEnough = false } = {}) {
    super(message);
    this.isEnough = isEnough;
  }
}

/** Node goes on with advice: to pass what looks like an option, that no word is taken. */
const sentence = (error: unknown): string =>
  `${(error instanceof Error ? error.message : String(error)).replace(/\.(\s.*|)$/s, "")}.`;

/** As every command has it. */
const help = { type: "boolean", short: "h" } as const;

/** What was asked for, strictly. @throws UsageError */
export function parsed<T extends ParseArgsConfig>(config: T) {
  try {
    return parseArgs({ ...config, options: { ...config.options, help } });
  } catch (error) {
    throw new UsageError(sentence(error));
  }
}

/** An option that has to be given. @throws UsageError */
export function required(value: string | undefined, option: string): string {
  if (!value) throw new UsageError(`${option} is missing.`);
  return value;
}

/** The stage that an option names. @throws UsageError that names those there are */
export function stageNamed(fleet: Pick<Fleet, "stages">, name: string): Stage {
  try {
    return stageOf(fleet, name);
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(error.message, { isEnough: true }) : error;
  }
}
