/** A branch's head as plain values, what a plan does to it. */
import type { Change, Plan } from "../stacks/publish/merge.ts";
import type { Entry, Head } from "../stacks/publish/snapshot.ts";

/** Text by path. */
export type Files = ReadonlyMap<string, string>;

/** As git names an empty file. */
const emptyId = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

export const entriesOf = (files: Files): ReadonlyMap<string, Entry> =>
  new Map([...files].map(([path, text]) => [path, { kind: "file", id: text || emptyId }]));

export const headOf = (files: Files, commit = "1"): Head => ({ commit, entries: entriesOf(files), texts: files });

export const changesOf = (plan: Plan): readonly Change[] => (plan.kind === "commit" ? plan.changes : []);

export function applied(files: Files, changes: readonly Change[]): Files {
  const result = new Map(files);
  for (const change of changes) {
    if (change.kind === "delete") result.delete(change.path);
    else result.set(change.path, change.text);
  }
  return result;
}
