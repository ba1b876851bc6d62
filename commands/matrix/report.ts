import type { ClusterLine } from "../../stacks/matrix/cluster-line.ts";
import type { Cell } from "../../stacks/matrix/matrix.ts";

/** Printed by `--json` as it is. */
export interface Report {
  readonly repository: string;
  readonly commit: string;
  /** When it was made, ISO 8601. */
  readonly at: string;
  /** Of the configured stages, in promotion order. */
  readonly clusters: readonly ClusterLine[];
  readonly cells: readonly Cell[];
}

/** How long ago, in the largest unit that is at least one. */
export function age(at: string, now: string): string {
  const minutes = Math.max(0, Math.floor((Date.parse(now) - Date.parse(at)) / 60_000));
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h`;
  return `${Math.floor(minutes / 1440)} d`;
}

export const behindText = ({ behind }: Cell): string =>
  behind && behind.versions > 0 ? `${behind.versions} behind ${behind.stage}` : "";

export const nodesText = ({ nodes }: ClusterLine): string =>
  nodes.map(({ role, count, type }) => `${role} ${count} x ${type}`).join(", ");

/** Every stage that has an app, in the report's order. */
export const stagesOf = ({ clusters, cells }: Report): readonly string[] => [
  ...new Set([...clusters.map(({ stage }) => stage), ...cells.map(({ stage }) => stage)]),
];

export const appsOf = ({ cells }: Report): readonly string[] => [...new Set(cells.map(({ app }) => app))];
