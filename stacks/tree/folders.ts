/** Those that a path lies in, the outermost first. */
export function folders(path: string): readonly string[] {
  const segments = path.split("/");
  return segments.slice(1).map((_, index) => segments.slice(0, index + 1).join("/"));
}

const known = new WeakMap<ReadonlyMap<string, unknown>, ReadonlySet<string>>();

const above = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));

/** Every folder that has something in it, however deep; found once, because each of thousands of paths asks. */
export function foldersOf(files: ReadonlyMap<string, unknown>): ReadonlySet<string> {
  const before = known.get(files);
  if (before) return before;
  const found = new Set<string>();
  for (const path of files.keys()) {
    // Whose folder is known has those above it known too.
    for (let folder = above(path); folder !== "" && !found.has(folder); folder = above(folder)) found.add(folder);
  }
  known.set(files, found);
  return found;
}
