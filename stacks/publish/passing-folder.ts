import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folders = new Set<string>();
process.on("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Nothing of ours runs for so long, and a process of another container may have the number of one that is gone here. */
const forgotten = 24 * 3_600_000;

function isGone(process_: number): boolean {
  try {
    process.kill(process_, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/** What a killed process could not take away, a key among it. Where that fails, the next one does it. */
function removeForgotten(): void {
  try {
    for (const name of readdirSync(tmpdir())) removeIfForgotten(name);
  } catch {}
}

function removeIfForgotten(name: string): void {
  const [, process_] = /^gitops-(\d+)-\w+$/.exec(name) ?? [];
  const folder = join(tmpdir(), name);
  const age = process_ ? Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) : 0;
  if (process_ && age > forgotten && isGone(Number(process_))) rmSync(folder, { recursive: true, force: true });
}

/** A folder that goes with the process, if not before. */
export function passingFolder(): { readonly folder: string; readonly close: () => void } {
  // Not before what the folder is for has begun: a machine's temporary folder may hold thousands.
  setImmediate(removeForgotten);
  const folder = mkdtempSync(join(tmpdir(), `gitops-${process.pid}-`));
  folders.add(folder);
  const close = () => {
    rmSync(folder, { recursive: true, force: true });
    folders.delete(folder);
  };
  return { folder, close };
}
