/** SHELL: reads the scripts that run on a node; everything else about user data is computed. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { NodeScripts } from "./node-files.ts";

/** The files of `node/` by name, as they are in this checkout. */
export function nodeScripts(folder = join(import.meta.dirname, "node")): NodeScripts {
  const names = readdirSync(folder).toSorted();
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}
