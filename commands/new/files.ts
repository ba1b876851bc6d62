/** The configuration's files, written all or none. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Texts } from "../../stacks/config/files.ts";
import { resolve } from "../../stacks/config/resolve.ts";
import { sourcesOf } from "../../stacks/config/sources.ts";

/** Nothing is written unless all of it is valid; each file is replaced in one step. @throws ConfigError with every problem */
export function writeTexts(directory: string, before: Texts, after: Texts): readonly string[] {
  resolve(sourcesOf(after));
  const changed = Object.keys(after).filter((file) => after[file] !== before[file]);
  const temporary = (file: string) => join(directory, dirname(file), `.${basename(file)}.new`);
  for (const file of changed) mkdirSync(join(directory, dirname(file)), { recursive: true });
  try {
    for (const file of changed) writeFileSync(temporary(file), after[file] ?? "");
    for (const file of changed) renameSync(temporary(file), join(directory, file));
  } finally {
    for (const file of changed) rmSync(temporary(file), { force: true });
  }
  return changed;
}
