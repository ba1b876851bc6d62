/** One command at a time uses the sandbox: its servers have fixed ports and its state has one writer. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { SandboxError } from "./error.ts";

function holder(lock: string): number | undefined {
  const pid = existsSync(lock) ? Number(readFileSync(lock, "utf8")) : 0;
  try {
    if (pid > 0) process.kill(pid, 0);
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined; // left behind by a run that was killed
  }
}

/** Clears the ground if asked to, takes the lock and returns how to give it back. @throws SandboxError when it is held */
export function takeLock(lock: string, clear: () => void): () => void {
  const other = holder(lock);
  if (other !== undefined)
    throw new SandboxError(`Another sandbox command is running (process ${other}); wait for it.`);
  clear();
  mkdirSync(dirname(lock), { recursive: true });
  writeFileSync(lock, String(process.pid));
  return () => rmSync(lock, { force: true });
}
