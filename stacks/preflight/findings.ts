import type { Demand, Path } from "./demand.ts";
import type { Existing, Kind, Snapshot } from "./snapshot.ts";

export interface Finding {
  /** In the stage's file. */
  readonly path: Path;
  readonly message: string;
}

/** What was found wrong, and what is worth knowing; whoever checks adds to it. */
export interface Findings {
  /** Hetzner would refuse, or the cluster could not work: nothing is created. */
  readonly refusals: readonly Finding[];
  readonly warnings: readonly Finding[];
}

export interface Question {
  readonly demand: Demand;
  readonly snapshot: Snapshot;
  readonly now: Date;
}

export const nothing: Findings = { refusals: [], warnings: [] };

export const refuse = (path: Path, message: string): Findings => ({ refusals: [{ path, message }], warnings: [] });
export const warn = (path: Path, message: string): Findings => ({ refusals: [], warnings: [{ path, message }] });

export const together = (all: readonly Findings[]): Findings => ({
  refusals: all.flatMap(({ refusals }) => refusals),
  warnings: all.flatMap(({ warnings }) => warnings),
});

/** What has this name at Hetzner now, whoever made it; `undefined` also where that was not read. */
export const existingOf = ({ existing }: Snapshot, kind: Kind, name: string): Existing | undefined =>
  existing[kind]?.find((each) => each.name === name);

/** Names for a sentence: the first three, and how many more. */
export function few(names: readonly string[], most = 3): string {
  const more = names.length - most;
  return more > 0 ? `${names.slice(0, most).join(", ")} and ${more} more` : names.join(", ");
}
