import type { Change, Reason } from "./merge.ts";
import { isManifest } from "./ownership.ts";

/** Git's own advice for a subject line, so that logs and hosts do not cut it. */
const subjectLength = 72;
/** More lines than this nobody reads; the commit itself has them all. */
const bodyLines = 100;

const verbs: readonly (readonly [Reason, string])[] = [
  ["configuration changed", "apply the configuration"],
  ["new", "add what is configured"],
  ["someone edited it", "undo edits of configured files"],
  ["no longer configured", "remove what is not configured"],
  ["last user gone", "remove what nobody uses"],
  ["awaited by flux bootstrap", "prepare for flux bootstrap"],
  ["stage destroyed", "remove the stage"],
];

const kinds = [
  ["create", "new"],
  ["update", "changed"],
  ["delete", "removed"],
] as const;

function subject(stage: string, changes: readonly Change[]): string {
  const why =
    verbs.find(([reason]) => changes.some((change) => change.reason === reason))?.[1] ?? "keep the list of files";
  const counts = kinds
    .map(([kind, word]) => [changes.filter((change) => change.kind === kind).length, word] as const)
    .filter(([count]) => count > 0);
  const what = counts.map(([count, word]) => `${count} ${word}`).join(", ");
  const line = `${stage}: ${why}${what ? ` (${what})` : ""}`;
  return line.length > subjectLength ? `${line.slice(0, subjectLength - 1)}…` : line;
}

/** The commit's message: why and how many in the subject, then every file with its reason. */
export function summary(stage: string, changes: readonly Change[]): string {
  const told = changes.filter(({ path }) => !isManifest(path));
  const lines = told.map(({ kind, path, reason }) => `${kind} ${path}: ${reason}`);
  const rest = lines.length > bodyLines ? [`and ${lines.length - bodyLines} more files`] : [];
  const body = [...lines.slice(0, bodyLines), ...rest].join("\n");
  return `${subject(stage, told)}\n${body ? `\n${body}\n` : ""}`;
}
