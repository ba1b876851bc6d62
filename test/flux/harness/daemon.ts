import { spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface DaemonArgs {
  /** Of its log file, too. */
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: { readonly [name: string]: string };
  /** Where it runs and logs. */
  readonly folder: string;
}

export interface Daemon {
  readonly name: string;
  /** The last lines of what it said. */
  log(lines?: number): string;
  readonly running: () => boolean;
  stop(): Promise<void>;
}

/** The shell holds the daemon's life: its standard input ends when this process does, whatever ended it. */
const leash = `exec 3<&0
"$0" "$@" 3<&- &
child=$!
{ read -r _ <&3; kill -KILL $child; } 2>/dev/null &
watch=$!
wait $child
code=$?
kill $watch 2>/dev/null
exit $code`;

/** Starts a server that ends with this process at the latest. It sees no settings of the user but PATH and HOME. */
export function startDaemon({ name, file, args, env = {}, folder }: DaemonArgs): Daemon {
  const logFile = join(folder, `${name}.log`);
  const log = openSync(logFile, "a");
  const { PATH, HOME } = process.env;
  const child = spawn("/bin/sh", ["-c", leash, file, ...args], {
    cwd: folder,
    env: { PATH, HOME, ...env },
    stdio: ["pipe", log, log],
    detached: true,
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  return {
    name,
    log: (lines = 20) => readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-lines).join("\n"),
    running: () => child.exitCode === null && child.signalCode === null,
    stop: async () => {
      child.stdin?.destroy();
      await ended;
    },
  };
}
