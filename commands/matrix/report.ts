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

const euros = (value: number): string => (Math.round(value * 100 + 1e-6) / 100).toFixed(2);

/** Nothing where it is not known; `unknownOf` says why. */
export const monthText = ({ month }: ClusterLine): string =>
  "problem" in month ? "" : `${euros(month.net)} ${month.currency} a month`;

/** The day, and how many are left once they are few. */
export function expiryText({ expires }: ClusterLine, now: string): string {
  if ("problem" in expires) return "";
  const days = Math.floor((Date.parse(expires.at) - Date.parse(now)) / 86_400_000);
  return `${expires.at.slice(0, 10)}${days < 0 ? ", which is past" : days < 60 ? `, in ${days} d` : ""}`;
}

/** What is not known of the clusters, each reason once. */
export function unknownOf({ clusters }: Report): readonly string[] {
  const told = (what: string, asked: (cluster: ClusterLine) => ClusterLine["month"] | ClusterLine["expires"]) => {
    const unknown = clusters.flatMap((each) => {
      const answer = asked(each);
      return "problem" in answer ? [{ stage: each.stage, problem: answer.problem }] : [];
    });
    return [...Map.groupBy(unknown, ({ problem }) => problem)].map(
      ([problem, all]) => `${what} of ${all.map(({ stage }) => stage).join(", ")}: ${problem}`,
    );
  };
  return [...told("the price", ({ month }) => month), ...told("the certificate's end", ({ expires }) => expires)];
}
