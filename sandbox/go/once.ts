import { existsSync, mkdirSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

export interface Making {
  /** Appears complete or not at all. */
  readonly folder: string;
  /** Fills the draft of the folder. It is thrown away when this throws. */
  readonly fill: (draft: string) => Promise<void>;
  /** Called once when another process is at it already. */
  readonly onWait: () => void;
  /** Ends the waiting; ending `fill` is its own affair. */
  readonly signal?: AbortSignal | undefined;
}

/** A draft whose maker has not touched it for this long was left behind by a killed one. Milliseconds, as below. */
const staleAfter = 30_000;
const heartbeat = 5_000;

/** The draft is the lock: `mkdir` succeeds for one process only. */
function claim(draft: string): boolean {
  try {
    mkdirSync(draft);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  }
}

function clearStale(draft: string): void {
  const touched = statSync(draft, { throwIfNoEntry: false })?.mtimeMs;
  if (touched === undefined || Date.now() - touched < staleAfter) return;
  const aside = `${draft}-${process.pid}`;
  // Renaming first: of two processes that see the same stale draft, one fails here and neither deletes a fresh one.
  try {
    renameSync(draft, aside);
  } catch {
    return;
  }
  rmSync(aside, { recursive: true, force: true });
}

async function fillDraft({ folder, fill }: Making, draft: string): Promise<void> {
  const { ino } = statSync(draft);
  /** Not so when this process slept, with its machine, until another one took the draft for stale. */
  const mine = () => statSync(draft, { throwIfNoEntry: false })?.ino === ino;
  const touch = setInterval(() => mine() && utimesSync(draft, new Date(), new Date()), heartbeat);
  try {
    if (existsSync(folder)) return; // came between the caller's look and its claim
    await fill(draft);
    if (mine()) renameSync(draft, folder);
  } finally {
    clearInterval(touch);
    if (mine()) rmSync(draft, { recursive: true, force: true });
  }
}

/** Makes a folder that takes long to fill, once for all processes of this user; returns when it is there. */
export async function makeOnce(making: Making): Promise<void> {
  const { folder, onWait, signal } = making;
  const draft = `${folder}.draft`;
  mkdirSync(dirname(folder), { recursive: true });
  let told = false;
  while (!existsSync(folder)) {
    clearStale(draft);
    if (claim(draft)) {
      await fillDraft(making, draft);
    } else {
      if (!told) onWait();
      told = true;
      await pause(500, undefined, signal ? { signal } : {});
    }
  }
}
