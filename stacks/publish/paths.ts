import { folders, foldersOf } from "../tree/folders.ts";
import type { Problem } from "./problem.ts";
import type { Head } from "./snapshot.ts";

/** Why a path may not be written in somebody's repository, whatever is there; `undefined` for a good one. */
export function unsafePath(path: string): string | undefined {
  if (path === "" || path.length > 1024) return "a path has 1 to 1024 characters";
  if (path.startsWith("/") || /^[A-Za-z]:/.test(path))
    return "the path is absolute; name it from the repository's root";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (/[\\\u0000-\u001f\u007f]/.test(path))
    return "the path has a backslash or a control character; separate folders by /";
  const segments = path.split("/");
  if (segments.some((segment) => ["", ".", ".."].includes(segment))) return "the path has an empty, . or .. segment";
  // Windows and macOS open .GIT and .git~1 as .git.
  if (segments.some((segment) => /^\.git(~\d+)?$/i.test(segment.trimEnd()))) return "the path leads into .git";
  return undefined;
}

/** Of one stage; a thousand apps have some 14,000. More are refused both where they are written and where they are read. */
export const maxFiles = 100_000;

/** What is wrong with a set of paths by itself: too large, unsafe, differing by case only, or one a folder of another. */
export function pathProblems(paths: readonly string[]): readonly Problem[] {
  if (paths.length > maxFiles)
    return [{ path: paths[0] ?? "", message: `is one of ${paths.length} files; a stage has at most ${maxFiles}` }];
  const all = new Set(paths);
  const byCase = Map.groupBy(all, (path) => path.toLowerCase());
  return [...all].flatMap((path) => {
    const twin = byCase.get(path.toLowerCase())?.find((other) => other < path);
    const folder = folders(path).find((parent) => all.has(parent));
    const reasons = [
      unsafePath(path),
      twin && `differs from ${twin} by case only: the two are one file on Windows and macOS`,
      folder && `${folder} is a file of this stage too; it cannot be a folder`,
    ];
    return reasons.flatMap((message) => (message ? [{ path, message }] : []));
  });
}

/** What stands in the way of writing a file at this path; `undefined` when it is free or a file already. */
export function obstacle(path: string, { entries }: Head): string | undefined {
  for (const parent of folders(path)) {
    const entry = entries.get(parent);
    if (entry) return `${parent} is a ${entry.kind} in the repository, so there is no folder to write to: move it away`;
  }
  const entry = entries.get(path);
  if (entry && entry.kind !== "file") return `is a ${entry.kind} in the repository: move it away`;
  return !entry && foldersOf(entries).has(path) ? "is a folder in the repository: move it away" : undefined;
}
