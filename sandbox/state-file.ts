import { readFileSync, renameSync, writeFileSync } from "node:fs";

/** What a stand-in kept in its JSON file; `undefined` when there is none yet. */
export function readState<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Replaced in one step, so that a stand-in that is killed leaves the state before or after; it may hold user data: 0600. */
export function writeState(file: string, state: object): void {
  const next = `${file}.${process.pid}`;
  writeFileSync(next, JSON.stringify(state), { mode: 0o600 });
  renameSync(next, file);
}
