import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** A bare repository is read by git, as an address is; every other folder as it lies there. */
export const isBare = (folder: string): boolean =>
  existsSync(join(folder, "HEAD")) && existsSync(join(folder, "objects"));

/**
 * What git is asked with, for an address or a folder. A folder as a URL: git 2.39 keeps what a partial clone leaves out
 * under the remote's name, and takes no name that begins with a slash ("promisor remote name cannot begin with '/'").
 */
export function gitAddress(repo: string, directory: string): string {
  const path = resolve(directory, repo);
  return existsSync(path) ? pathToFileURL(path).href : repo;
}
