import { SandboxError } from "../sandbox/error.ts";
import { ConfigError } from "../stacks/config/error.ts";
import { PublishError } from "../stacks/publish/problem.ts";
import { RegistryError } from "../stacks/registry/error.ts";
import { printable } from "../stacks/terminal/printable.ts";
import { UsageError } from "./usage.ts";

/** What a command says, and the exit status that its help explains. Wrong options end with 2, whatever the command. */
export interface Outcome {
  readonly code: 0 | 1 | 2 | 3;
  readonly text: string;
  /** Whether the text says why there is no answer. */
  readonly isRefusal?: boolean;
}

/** What a command runs in, which a test replaces. */
export interface Surroundings {
  /** The project's folder. */
  readonly directory: string;
  readonly environment: Readonly<NodeJS.ProcessEnv>;
}

export const surroundings = (): Surroundings => ({ directory: process.cwd(), environment: process.env });

const mistakes = [ConfigError, PublishError, RegistryError, SandboxError] as const;

/** What a person can mend, in words, with the help where the options were wrong. Anything else is ours and keeps its stack. */
export function refusal(error: unknown, help: string, status: 1 | 2 = 1): Outcome {
  if (!(error instanceof Error && mistakes.some((mistake) => error instanceof mistake))) throw error;
  if (!(error instanceof UsageError)) return { code: status, text: error.message, isRefusal: true };
  return { code: 2, text: error.isEnough ? error.message : `${error.message}\n\n${help}`, isRefusal: true };
}

/** An answer goes to standard output whatever the status, a refusal to standard error; control characters to neither. */
export function tell({ code, text, isRefusal = false }: Outcome): void {
  (isRefusal ? console.error : console.log)(printable(text));
  process.exitCode = code;
}
