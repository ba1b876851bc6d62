import { printable } from "../stacks/config/printable.ts";

/** What a command says, and the exit status that its help explains. */
export interface Outcome {
  readonly code: 0 | 1 | 2;
  readonly text: string;
}

/** What a command runs in, which a test replaces. */
export interface Surroundings {
  /** The project's folder. */
  readonly directory: string;
  readonly environment: Readonly<NodeJS.ProcessEnv>;
}

export const surroundings = (): Surroundings => ({ directory: process.cwd(), environment: process.env });

/** An answer goes to standard output whatever the status, a refusal to standard error; control characters to neither. */
export function tell({ code, text }: Outcome, isAnswer = code === 0): void {
  (isAnswer ? console.log : console.error)(printable(text));
  process.exitCode = code;
}
