import type { Change } from "../stacks/publish/merge.ts";
import { isManifest, type Ownership } from "../stacks/publish/ownership.ts";
import type { Severity } from "./log.ts";
import { editedSeeds, type TreeInputs } from "./tree-inputs.ts";

export interface NotesArgs {
  readonly old: TreeInputs;
  readonly now: TreeInputs;
  readonly changes: readonly Change[];
  readonly owners: Ownership;
}

export type Note = readonly [Severity, string];

function seedNotes({ old, now }: NotesArgs): readonly Note[] {
  return editedSeeds(old, now).map(({ path, configured, live }) => [
    "WARNING",
    `${path}: the tag belongs to Flux and stays ${live}; the configured ${configured} was only its first value (pin the app to hold a tag)`,
  ]);
}

/** A shared file reaches every stage that lists it, whatever stage is previewed. */
function sharedNotes({ changes, owners }: NotesArgs): readonly Note[] {
  return changes.flatMap(({ path }): readonly Note[] => {
    const stages = owners.shared.get(path);
    return stages ? [["WARNING", `${path} is shared: this change reaches ${stages.join(", ")} as well, at once`]] : [];
  });
}

function keptNotes({ now, owners }: NotesArgs): readonly Note[] {
  return [...owners.own].flatMap((path): readonly Note[] => {
    const stages = now.files.has(path) ? undefined : owners.shared.get(path);
    return stages ? [["INFO", `${path} stays in the repository: ${stages.join(", ")} still uses it`]] : [];
  });
}

/** Without a state the display shows a creation of everything, the commit holds less. */
function takeoverNotes({ old, now, changes }: NotesArgs): readonly Note[] {
  const written = changes.filter(
    ({ path, kind }) => kind !== "delete" && !isManifest(path) && now.files.has(path),
  ).length;
  const total = [...now.files.keys()].filter((path) => !isManifest(path)).length;
  if (old.stage !== "" || written === total) return [];
  return [
    [
      "INFO",
      `${total - written} of ${total} files are in the repository already and stay as they are; their tags are kept`,
    ],
  ];
}

/** What the diff alone does not tell. */
export function notes(args: NotesArgs): readonly Note[] {
  return [...seedNotes(args), ...sharedNotes(args), ...keptNotes(args), ...takeoverNotes(args)];
}
