import type { Diff } from "../resource.ts";
import { isProperties, type Properties } from "../values.ts";

function fileChanges(old: Properties, now: Properties): Diff["changes"] {
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])]
    .filter((name) => old[name] !== now[name])
    .toSorted();
  const kind = (name: string) => (old[name] === undefined ? "ADD" : now[name] === undefined ? "DELETE" : "UPDATE");
  return Object.fromEntries(names.map((name) => [`files[${JSON.stringify(name)}]`, kind(name)]));
}

/** Per file; the id is the stage, everything else changes in place. */
export function treeDiff(old: Properties, now: Properties): Diff {
  const { stage, files: oldFiles = {}, placeholders: oldPlaceholders = [] } = old;
  const { stage: newStage, files = {}, placeholders = [] } = now;
  const inPlace = ["url", "branch", "path"].filter((name) => old[name] !== now[name]);
  const texts =
    isProperties(oldFiles) && isProperties(files) ? fileChanges(oldFiles, files) : { files: "UPDATE" as const };
  return {
    changes: {
      ...(stage === newStage ? {} : { stage: "UPDATE_REPLACE" }),
      ...Object.fromEntries(inPlace.map((name) => [name, "UPDATE"] as const)),
      ...(String(oldPlaceholders) === String(placeholders) ? {} : { placeholders: "UPDATE" }),
      ...texts,
    },
    deleteBeforeReplace: true,
  };
}
