import { execute, type Run } from "../process/execute.ts";
import { processEnv } from "./env.ts";

export interface PulumiRun {
  /** Absolute path of the CLI, as `findPulumi` gives it. */
  readonly pulumi: string;
  readonly cwd: string;
  readonly args: readonly string[];
  /** From `pulumiEnv`, and what else the run has to know. */
  readonly env: { readonly [name: string]: string };
  /** Gives Pulumi the terminal, with its colours and questions; then nothing is collected. */
  readonly interactive?: boolean;
  readonly onLine?: (line: string) => void;
  /** Ends Pulumi so that its state stays valid. */
  readonly signal?: AbortSignal;
  /** Ends it as a power cut does. */
  readonly kill?: AbortSignal | undefined;
}

/** Runs the real CLI, shielded from the user's own Pulumi and cloud settings. A failed command is a code, no exception. */
export function runPulumi({ pulumi, env, ...rest }: PulumiRun): Promise<Run> {
  return execute({ file: pulumi, env: processEnv(process.env, env), ...rest });
}
