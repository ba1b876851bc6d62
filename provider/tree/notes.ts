import compare from "semver/functions/compare.js";
import { versionOf } from "../../stacks/config/tags/version.ts";
import { idOf, rulesIn } from "../../stacks/explain/rules.ts";
import { strandedTags } from "../../stacks/explain/stranded.ts";
import { allowDowngradeAnnotation } from "../../stacks/gitops/names.ts";
import type { Change } from "../../stacks/publish/merge.ts";
import { isManifest, type Ownership } from "../../stacks/publish/ownership.ts";
import { markedSites, version } from "../../stacks/tree/setters.ts";
import type { Severity } from "../log.ts";
import { editedSeeds } from "./bookkeeping.ts";
import type { TreeInputs } from "./inputs.ts";

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
    `${path}: the tag belongs to Flux and stays ${live}; the configured ${configured} was only its first value (to run another one, pin it)`,
  ]);
}

/** The tag without the colon before it. */
const tagOf = (site: Parameters<typeof version>[0]): string => version(site).replace(/^:|@.*$/g, "");

function isLower(tag: string, than: string): boolean {
  const [version, other] = [versionOf(tag), versionOf(than)];
  return version !== null && other !== null && compare(version, other) < 0;
}

/** A pin may go back, which is what it is there for; that it does is said. */
function pinNotes({ old, changes }: NotesArgs): readonly Note[] {
  const texts = changes.flatMap((change) => (change.kind === "update" ? [change] : []));
  const pinned = texts.filter(({ text }) => text.includes('"$pinned"'));
  return pinned.flatMap(({ path, text }): readonly Note[] => {
    const [pin = ""] = markedSites(text).map(tagOf);
    const [live = ""] = markedSites(old.files.get(path) ?? "").map(tagOf);
    return isLower(pin, live) ? [["WARNING", `${path}: the pin goes back from ${live} to ${pin}`]] : [];
  });
}

/** What an edited policy no longer takes Flux replaces at once; a lower version only where that was allowed. */
function policyNotes({ old, now }: NotesArgs): readonly Note[] {
  return strandedTags(old.files, now.files).map(({ file, tag, isDowngrade }) => [
    "WARNING",
    `${file}: ${tag}, which runs, is none of its tags; Flux replaces it by the newest that is${isDowngrade ? ", a lower version too, as allowDowngrade has it" : ""}`,
  ]);
}

/** A permission that was used, or is for nothing, is one that somebody forgot. */
function permissionNotes({ now }: NotesArgs): readonly Note[] {
  return [...now.files].flatMap(([path, text]): readonly Note[] => {
    const [, allowed] = new RegExp(`^ +${allowDowngradeAnnotation}: (\\S+)$`, "m").exec(text) ?? [];
    const [rule] = allowed ? rulesIn(new Map([[path, text]])) : [];
    if (!(allowed && rule)) return [];
    const marked = [...now.files.values()].filter((each) => each.includes(`"${idOf(rule)}"`));
    if (marked.flatMap(markedSites).some((site) => tagOf(site) === allowed)) return [];
    return [["INFO", `${path}: allowDowngrade names ${allowed}, which does not run: its line can go`]];
  });
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
  return [
    ...seedNotes(args),
    ...pinNotes(args),
    ...policyNotes(args),
    ...permissionNotes(args),
    ...sharedNotes(args),
    ...keptNotes(args),
    ...takeoverNotes(args),
  ];
}
