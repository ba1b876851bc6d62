import { YAMLParseError } from "yaml";
import { isScanned, keepValues } from "../tree/setters.ts";
import { downgrades } from "./downgrades.ts";
import { exposedSecret } from "./exposed.ts";
import { followed } from "./followed.ts";
import { isManifest, manifestPath, manifestText, type Ownership, ownership } from "./ownership.ts";
import { obstacle, pathProblems } from "./paths.ts";
import type { Problem } from "./problem.ts";
import type { Head } from "./snapshot.ts";

export type Reason =
  | "new"
  | "configuration changed"
  | "someone edited it"
  | "no longer configured"
  | "last user gone"
  | "awaited by flux bootstrap"
  | "stage destroyed";

export type Change =
  | { readonly kind: "create" | "update"; readonly path: string; readonly text: string; readonly reason: Reason }
  | { readonly kind: "delete"; readonly path: string; readonly reason: Reason };

export type Plan =
  | { readonly kind: "unchanged" }
  | { readonly kind: "commit"; readonly changes: readonly Change[] }
  | { readonly kind: "conflict"; readonly problems: readonly Problem[] };

export interface PlanArgs {
  readonly stage: string;
  /** The cluster's folder: `clusters/production`. */
  readonly path: string;
  /** Path to text. */
  readonly desired: ReadonlyMap<string, string>;
  readonly placeholders: readonly string[];
  readonly head: Head;
  /** The cluster's folder before this run, when the configuration moved it: its manifest is given up. */
  readonly formerPath?: string | undefined;
  /** Files whose configuration is the same as when they were last published: a difference is then someone's edit. */
  readonly unchanged?: ReadonlySet<string> | undefined;
}

interface Merged {
  readonly changes: readonly Change[];
  readonly problems: readonly Problem[];
}

const nothing: Merged = { changes: [], problems: [] };
const problem = (path: string, message: string, line?: number): Merged => ({
  changes: [],
  problems: [{ path, message, ...(line ? { line } : {}) }],
});

/** The desired text with the live values of its markers, or why there is none. */
export function withLiveValues(path: string, desired: string, live: string): { readonly text: string } | Problem {
  if (!isScanned(path)) return { text: desired };
  try {
    const kept = keepValues(desired, live);
    if (kept.kind === "kept") return kept;
    const [{ marker, line, value } = { marker: undefined, line: 0, value: "" }] = kept.setters;
    const found = `the value under the marker ${marker?.policy} is gone, so ${value} might be older than what runs`;
    const message = `${found}: put the line back from the repository's history, or delete the file to start from ${value}`;
    return { path, line, message };
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    const message = "is no valid YAML, so the tags in it cannot be kept: repair the file or delete it";
    return { path, message, ...(error.linePos ? { line: error.linePos[0].line } : {}) };
  }
}

function mergeExisting(args: PlanArgs, owners: Ownership, path: string): Merged {
  const desired = args.desired.get(path) ?? "";
  const live = args.head.texts.get(path) ?? "";
  const isOwned = owners.own.has(path) || owners.shared.has(path);
  const merged = withLiveValues(path, desired, live);
  if ("text" in merged && merged.text === live) return nothing;
  if (!isOwned) {
    const message =
      "exists already and no stage's manifest lists it, so it is not overwritten: move or delete it first";
    return problem(path, message);
  }
  if (!("text" in merged)) return { changes: [], problems: [merged] };
  const reason = args.unchanged?.has(path) ? "someone edited it" : "configuration changed";
  return { changes: [{ kind: "update", path, text: merged.text, reason }], problems: [] };
}

function mergeFile(args: PlanArgs, owners: Ownership, path: string): Merged {
  const inTheWay = obstacle(path, args.head);
  if (inTheWay) return problem(path, inTheWay);
  if (args.head.entries.has(path)) return mergeExisting(args, owners, path);
  const reason = owners.own.has(path) && args.unchanged?.has(path) ? "someone edited it" : "new";
  return { changes: [{ kind: "create", path, text: args.desired.get(path) ?? "", reason }], problems: [] };
}

/** A manifest is somebody's to edit: what it must not do is give bootstrap's files, or another manifest, away. */
function dropped({ desired, head, placeholders }: PlanArgs, { own, shared }: Ownership): readonly Change[] {
  const kept = new Set([...placeholders, ...desired.keys(), ...shared.keys()]);
  const gone = [...own].filter(
    (path) => !kept.has(path) && !isManifest(path) && head.entries.get(path)?.kind === "file",
  );
  const reason = (path: string): Reason => (/(^|\/)base\//.test(path) ? "last user gone" : "no longer configured");
  return gone.map((path) => ({ kind: "delete", path, reason: reason(path) }));
}

/** The manifest of where the stage is now; the one of where it was goes. */
function manifests({ stage, path, formerPath, desired, head }: PlanArgs): Merged {
  const at = manifestPath(path);
  const inTheWay = obstacle(at, head);
  if (inTheWay) return problem(at, inTheWay);
  const text = manifestText(stage, [...desired.keys()]);
  const live = head.texts.get(at);
  const kind = live === undefined ? "create" : "update";
  const current: readonly Change[] =
    live === text ? [] : [{ kind, path: at, text, reason: kind === "create" ? "new" : "configuration changed" }];
  const former = formerPath !== undefined && formerPath !== path ? manifestPath(formerPath) : at;
  const leaves = former !== at && head.entries.get(former)?.kind === "file";
  const changes: readonly Change[] = leaves ? [{ kind: "delete", path: former, reason: "no longer configured" }] : [];
  return { changes: [...current, ...changes], problems: [] };
}

function placeholder(path: string, head: Head): Merged {
  if (head.entries.has(path)) return nothing;
  const inTheWay = obstacle(path, head);
  if (inTheWay) return problem(path, inTheWay);
  return { changes: [{ kind: "create", path, text: "", reason: "awaited by flux bootstrap" }], problems: [] };
}

function exposed({ changes }: Merged): readonly Problem[] {
  return changes.flatMap((change) => {
    const secret = change.kind === "delete" ? undefined : exposedSecret(change.text);
    const message = `holds ${secret}, and Git keeps it for ever: encrypt the file with SOPS, or leave it out`;
    return secret ? [{ path: change.path, message }] : [];
  });
}

function outcome(all: Merged, guards: readonly Problem[] = []): Plan {
  const problems = [...all.problems, ...exposed(all), ...guards];
  if (problems.length > 0) return { kind: "conflict", problems };
  const byPath = (a: Change, b: Change) => (a.path < b.path ? -1 : 1);
  return all.changes.length > 0 ? { kind: "commit", changes: all.changes.toSorted(byPath) } : { kind: "unchanged" };
}

/** The stage's files as they would stand in the repository. */
function merged({ desired, head }: PlanArgs, changes: readonly Change[]): ReadonlyMap<string, string> {
  const kept = [...desired.keys()].map((path) => [path, head.texts.get(path)] as const);
  const written = changes.flatMap((each) => (each.kind === "delete" ? [] : [[each.path, each.text] as const]));
  return new Map([...kept, ...written].filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function joined(parts: readonly Merged[]): Merged {
  return { changes: parts.flatMap(({ changes }) => changes), problems: parts.flatMap(({ problems }) => problems) };
}

/**
 * What one commit has to change so that the branch holds the stage's files, by the ownership rules of docs: values under
 * markers are Flux's, listed files are ours, everything else is people's. Planning on its own result is `unchanged`.
 */
export function plan(args: PlanArgs): Plan {
  const paths = [...args.desired.keys()];
  const own = manifestPath(args.path);
  const owners = ownership(args.head, args.stage, [args.path, args.formerPath ?? args.path]);
  const reserved = paths.filter((path) => isManifest(path) || args.placeholders.includes(path));
  const problems = [
    ...pathProblems([...paths, ...args.placeholders, own]),
    ...reserved.map((path) => ({
      path,
      message: "is kept by this program or by flux bootstrap: name the file otherwise",
    })),
    ...owners.problems,
    ...followed(args),
  ];
  if (problems.length > 0) return { kind: "conflict", problems };
  const all = joined([
    ...paths.map((path) => mergeFile(args, owners, path)),
    ...args.placeholders.map((path) => placeholder(path, args.head)),
    { changes: dropped(args, owners), problems: [] },
    manifests(args),
  ]);
  return outcome(all, downgrades(args.head.texts, merged(args, all.changes)));
}

/** What leaves with the stage: its files that no other stage lists, its manifest, and placeholders nobody filled. */
export function release({ stage, path, placeholders, head }: Omit<PlanArgs, "desired">): Plan {
  const owners = ownership(head, stage, [path]);
  if (owners.problems.length > 0) return { kind: "conflict", problems: owners.problems };
  const files = dropped({ stage, path, placeholders, head, desired: new Map() }, owners);
  const rest = [manifestPath(path), ...placeholders.filter((file) => head.texts.get(file) === "")];
  const present = rest.filter((file) => head.entries.get(file)?.kind === "file");
  const paths = [...files.map((change) => change.path), ...present];
  const leaving = paths.map((file): Change => ({ kind: "delete", path: file, reason: "stage destroyed" }));
  return outcome({ changes: leaving, problems: [] });
}
