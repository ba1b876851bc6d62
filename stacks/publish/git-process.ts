import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Target } from "./git-failure.ts";

export interface GitRun {
  readonly args: readonly string[];
  readonly input?: Buffer | string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface GitResult {
  readonly ok: boolean;
  readonly stdout: Buffer;
  /** Both streams, for people. */
  readonly output: string;
}

/** No git command here takes this long but one that hangs: a dead connection, a credential helper that waits for somebody. */
const usualPatience = 60_000;

/** What a repository of a million files lists is a fifth of this; more is a remote that means to fill the memory. */
const mostBytes = 512_000_000;

/** The user's hooks, signing and helpers are for the user's own repositories; insteadOf, SSH and credentials are honoured. */
const always = [
  "core.hooksPath=/dev/null",
  "protocol.ext.allow=never",
  "maintenance.auto=false",
  "gc.auto=0",
  "core.quotePath=false",
];
const withToken = [
  "credential.helper=",
  'credential.helper=!f() { test "$1" = get && printf "username=x-access-token\\npassword=%s\\n" "$GITOPS_TOKEN"; }; f',
];

/** Another repository's variables (a hook runs us, say) would redirect the private one. */
const misleading = [
  "GIT_DIR",
  "GIT_WORK_TREE",
  "GIT_INDEX_FILE",
  "GIT_OBJECT_DIRECTORY",
  "GIT_COMMON_DIR",
  "GIT_NAMESPACE",
];

/** The lowest of git's choices: what the user set in a variable or in git's configuration comes before it. */
const patientSsh = join(import.meta.dirname, "without-questions/ssh");

function environment(token: string | undefined, sshCommand: string): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !misleading.includes(name));
  return {
    GIT_SSH: patientSsh,
    ...Object.fromEntries(inherited),
    LC_ALL: "C",
    GIT_TERMINAL_PROMPT: "0",
    ...(sshCommand ? { GIT_SSH_COMMAND: sshCommand } : {}),
    ...(token ? { GITOPS_TOKEN: token } : {}),
  };
}

/** Milliseconds that one command may take. */
type Caller = Pick<Target, "token"> & { readonly patience?: number | undefined };

/** Runs git in a bare repository; the token travels in the environment, to be asked for by git only when a server wants it. */
export function gitIn(folder: string, { token, patience = usualPatience }: Caller, sshCommand = "") {
  const settings = [...always, ...(token ? withToken : [])].flatMap((setting) => ["-c", setting]);
  const env = environment(token, sshCommand);
  return async ({ args, input, signal }: GitRun): Promise<GitResult> => {
    const limits = AbortSignal.any([AbortSignal.timeout(patience), ...(signal ? [signal] : [])]);
    const child = spawn("git", [...settings, ...args], { cwd: folder, env, signal: limits, stdio: "pipe" });
    const out: Buffer[] = [];
    const errors: Buffer[] = [];
    let bytes = 0;
    const into = (chunks: Buffer[]) => (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > mostBytes) child.kill();
      else chunks.push(chunk);
    };
    child.stdout.on("data", into(out));
    child.stderr.on("data", into(errors));
    // A git that ends early closes its input; its own words say why.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    const failure = await once(child, "close").then(
      ([code]) => (bytes > mostBytes ? "too much output" : code === 0 ? "" : `exit ${code}`),
      (error: Error) => (limits.aborted && !signal?.aborted ? "timed out" : String(error)),
    );
    const stdout = Buffer.concat(out);
    const output = `${Buffer.concat(errors)}\n${args.includes("--porcelain") ? stdout : ""}\n${failure}`;
    return { ok: failure === "", stdout, output };
  };
}
