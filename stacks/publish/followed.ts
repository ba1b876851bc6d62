import type { Problem } from "./problem.ts";
import type { Head } from "./snapshot.ts";

/** Git's ids of an empty file. */
const empty = [
  "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
  "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
];

interface Move {
  /** The cluster's folder, and the one before this run. */
  readonly path: string;
  readonly formerPath?: string | undefined;
  readonly head: Head;
}

/** A living cluster goes on looking where its bootstrap told it to: from an emptied folder its Flux would take everything away. */
export function followed({ path, formerPath, head }: Move): readonly Problem[] {
  const at = (cluster: string) => `${cluster}/flux-system/gotk-sync.yaml`;
  const isFollowed = (cluster: string): boolean => {
    const entry = head.entries.get(at(cluster));
    return entry?.kind === "file" && !empty.includes(entry.id);
  };
  if (formerPath === undefined || formerPath === path || !isFollowed(formerPath) || isFollowed(path)) return [];
  const message =
    `a cluster follows ${formerPath}, and its Flux removes all that runs there when the stage moves to ${path}: put the ` +
    "stage's path back. Another folder is for a cluster that is made anew";
  return [{ path: at(formerPath), message }];
}
