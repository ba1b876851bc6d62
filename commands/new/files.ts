/** The configuration's files, read as texts and written all or none. */
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../../stacks/config/error.ts";
import { resolve } from "../../stacks/config/resolve.ts";
import { sourcesOf } from "../../stacks/config/sources.ts";

export interface Texts {
  readonly [file: string]: string;
}

export function readTexts(directory: string): Texts {
  const files = readdirSync(directory).filter((file) => /^Pulumi(\.[^.]+)?\.yaml$/.test(file));
  if (!files.includes("Pulumi.yaml")) throw new ConfigError(`There is no Pulumi.yaml in ${directory}.`);
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(directory, file), "utf8")]));
}

/** Nothing is written unless all of it is valid; each file is replaced in one step. @throws ConfigError with every problem */
export function writeTexts(directory: string, before: Texts, after: Texts): readonly string[] {
  resolve(sourcesOf(after));
  const changed = Object.keys(after).filter((file) => after[file] !== before[file]);
  const temporary = (file: string) => join(directory, `.${file}.new`);
  try {
    for (const file of changed) writeFileSync(temporary(file), after[file] ?? "");
    for (const file of changed) renameSync(temporary(file), join(directory, file));
  } finally {
    for (const file of changed) rmSync(temporary(file), { force: true });
  }
  return changed;
}
