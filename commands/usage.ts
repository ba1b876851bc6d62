import { type ParseArgsConfig, parseArgs } from "node:util";
import { ConfigError } from "../stacks/config/error.ts";

/** Wrong arguments: the usage goes with the message. */
export class UsageError extends ConfigError {}

/** Node advises how to pass what looks like an option; nothing here takes such a word. */
const sentence = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\. To specify a positional argument.*/s, "");

/** What was asked for, strictly. @throws UsageError with one sentence, and the help where it is given */
export function parsed<T extends ParseArgsConfig>(config: T, help?: string) {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError([sentence(error), ...(help ? [help] : [])].join("\n\n"));
  }
}
