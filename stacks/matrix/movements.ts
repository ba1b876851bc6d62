/** How tags moved, read from what `git log` prints of the marked lines: main's own line of history, merges as one step. */
import { parseImage } from "../tree/image.ts";
import { markedSites } from "../tree/setters.ts";

/** How `git log` has to be asked for patches; `movements` reads nothing else. */
export const logOptions = [
  "--first-parent",
  "--diff-merges=first-parent",
  "--no-renames",
  "--no-color",
  "--no-ext-diff",
  "--no-textconv",
  "--format=%x00%H%x1f%an%x1f%cI%x1f%s",
];

export interface Commit {
  readonly id: string;
  readonly author: string;
  /** When it came to the branch, ISO 8601. */
  readonly at: string;
  readonly subject: string;
}

/** A tag that came to stand on a marked line. */
export interface Movement {
  readonly tag: string;
  readonly commit: Commit;
}

interface Line extends Movement {
  readonly key: string;
}

/** Which marked line: a policy may set several files. */
export const lineKey = (file: string, policy: string): string => `${file} ${policy}`;

function sitesOf(text: string) {
  try {
    return markedSites(text);
  } catch {
    // One line of a block is not always YAML by itself; none of ours is such a line.
    return [];
  }
}

function linesOf(entry: string): readonly Line[] {
  const [head = "", ...patch] = entry.split("\n");
  const [id = "", author = "", at = "", subject = ""] = head.split("\u001f");
  let file = "";
  return patch.flatMap((line): readonly Line[] => {
    if (line.startsWith("+++ ")) file = line.replace(/^\+\+\+ (b\/)?|\t$/g, "");
    if (!line.startsWith("+") || line.startsWith("+++ ")) return [];
    return sitesOf(line.slice(1).trim()).map(({ marker, value }) => {
      const tag = (marker.part === "image" ? parseImage(value).tag : value) ?? "";
      return { key: lineKey(file, marker.policy), tag, commit: { id, author, at, subject } };
    });
  });
}

/** Every change of tag by line, the newest first; a line that was written anew with the same tag did not move. */
export function movements(log: string): ReadonlyMap<string, readonly Movement[]> {
  const entries = log.split("\0").filter((entry) => entry.trim() !== "");
  const oldestFirst = entries.toReversed().flatMap(linesOf);
  const lines = [...Map.groupBy(oldestFirst, ({ key }) => key)];
  return new Map(
    lines.map(([key, all]) => {
      const moved = all.filter(({ tag }, index) => tag !== all[index - 1]?.tag);
      return [key, moved.map(({ tag, commit }) => ({ tag, commit })).toReversed()];
    }),
  );
}
