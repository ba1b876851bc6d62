import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { killTree } from "./kill.ts";

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Text for its standard input, which is empty otherwise. */
  readonly input?: string;
  /** Gives it the terminal; then nothing is collected and no line is reported. */
  readonly interactive?: boolean;
  /** Every line of both streams, as it comes. */
  readonly onLine?: (line: string) => void;
  /** Interrupts it softly. The promise settles when the process has ended, with whatever code that gave. */
  readonly signal?: AbortSignal;
  /** Ends it and all that it started at once, as a power cut does. */
  readonly kill?: AbortSignal | undefined;
}

export interface Run {
  /** Exit code; 128 + n when signal n ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** All that it printed, errors last. */
export const said = ({ stdout, stderr }: Run): string => `${stdout}\n${stderr}`;

/** What went wrong is said at the end. */
export const lastLines = (run: Run, count = 5): string => said(run).trim().split("\n").slice(-count).join("\n");

const seconds = 1000;

/** From a request to an order: Pulumi takes the second SIGINT as "stop at once", and may then lose what it just made. */
const escalation = [
  { after: 0, signal: "SIGINT" },
  { after: 60 * seconds, signal: "SIGINT" },
  { after: 75 * seconds, signal: "SIGKILL" },
] as const;

/** Sends the signals of `escalation` to the whole group, until the returned function says that it has ended. */
function interrupt(send: (signal: NodeJS.Signals) => void): () => void {
  const timers = escalation.map(({ after, signal }) => setTimeout(() => send(signal), after));
  return () => timers.forEach(clearTimeout);
}

function sender(child: ChildProcess, interactive: boolean) {
  return (signal: NodeJS.Signals) => {
    try {
      if (child.pid) process.kill(interactive ? child.pid : -child.pid, signal);
    } catch {
      // ended in the meantime
    }
  };
}

/** A terminal's Ctrl-C reaches a child that shares it without our help; ours would be the second SIGINT. */
function watchTerminal(interactive: boolean) {
  let interrupted = false;
  const note = () => {
    interrupted = interactive && process.stdin.isTTY;
  };
  process.on("SIGINT", note);
  return { interrupted: () => interrupted, close: () => void process.off("SIGINT", note) };
}

function collect(stream: Readable | null, onLine: Command["onLine"]): () => string {
  const chunks: Buffer[] = [];
  stream?.on("data", (chunk: Buffer) => chunks.push(chunk));
  if (stream && onLine) createInterface({ input: stream }).on("line", onLine);
  return () => Buffer.concat(chunks).toString("utf8");
}

/** Runs a command to its end. Rejects only when it could not be started, or was aborted before that. */
export async function execute({
  file,
  args,
  input,
  interactive = false,
  onLine,
  signal,
  kill,
  ...rest
}: Command): Promise<Run> {
  signal?.throwIfAborted();
  const stdio = interactive ? "inherit" : [input === undefined ? "ignore" : "pipe", "pipe", "pipe"];
  // A group of its own, so that only `interrupt` decides when it hears of a Ctrl-C; with the terminal it may not have one.
  const child = spawn(file, args, { ...rest, stdio: stdio as "pipe", detached: !interactive });
  const [stdout, stderr] = [collect(child.stdout, onLine), collect(child.stderr, onLine)];
  child.stdin?.on("error", () => undefined).end(input);
  const terminal = watchTerminal(interactive);
  let ended = () => {};
  const stop = () =>
    setImmediate(() => {
      if (!terminal.interrupted()) ended = interrupt(sender(child, interactive));
    });
  signal?.addEventListener("abort", stop, { once: true });
  // Never of 0, which is everybody's.
  const end = () => void (child.pid && killTree(child.pid));
  kill?.addEventListener("abort", end, { once: true });
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (status, by) => resolve(status ?? 128 + (by ? constants.signals[by] : 0)));
    });
    return { code, stdout: stdout(), stderr: stderr() };
  } finally {
    signal?.removeEventListener("abort", stop);
    kill?.removeEventListener("abort", end);
    terminal.close();
    ended();
  }
}
