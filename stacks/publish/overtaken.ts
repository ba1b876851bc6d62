import { withoutValues } from "../tree/setters.ts";
import type { Plan } from "./merge.ts";
import type { Head } from "./snapshot.ts";

/** Paths that the plan would change although it showed them otherwise: someone changed them after the head it was made on. */
export function overtaken(
  seen: { readonly plan: Plan; readonly head: Head },
  now: { readonly plan: Plan; readonly head: Head },
) {
  if (now.plan.kind !== "commit" || seen.head.commit === now.head.commit) return [];
  const shown = new Set(seen.plan.kind === "commit" ? seen.plan.changes.map(({ path }) => path) : []);
  const live = ({ texts }: Head, path: string) => withoutValues(texts.get(path) ?? "");
  // A new file cannot overwrite anybody's work.
  const risky = now.plan.changes.filter(({ kind }) => kind !== "create");
  return risky
    .map(({ path }) => path)
    .filter((path) => !shown.has(path) || live(seen.head, path) !== live(now.head, path));
}
