import { type Demand, isOurs } from "./demand.ts";
import { existingOf, few } from "./findings.ts";
import type { Kind, Snapshot } from "./snapshot.ts";

/** Whether Hetzner has it, by its labels the stage's. */
function isThere(demand: Demand, snapshot: Snapshot, { kind, name }: { readonly kind: Kind; readonly name: string }) {
  const there = existingOf(snapshot, kind, name);
  return there !== undefined && isOurs(there, demand);
}

/**
 * Of a state that has no authorities of the stage: whether the stage lives all the same. A stage's first run makes those
 * before any machine, so another state has them, on another machine or in another backend, or one that was lost.
 */
export function livesElsewhere(demand: Demand, snapshot: Snapshot): string | undefined {
  const living = demand.servers.filter(({ name }) => isThere(demand, snapshot, { kind: "servers", name }));
  if (living.length === 0) return undefined;
  return (
    `${demand.stage} lives at Hetzner (${few(living.map(({ name }) => name))}), and this state has none of its keys, so it is ` +
    "another one than the stage was made with. `pulumi whoami --verbose` says where this one is; log in where the stage's is, " +
    "or import an export of it (docs/day-2.md, When something is lost). Nothing was made"
  );
}

/** Of such a state where only the rest of a stage is there: an import wants its parent, which the first `up` puts into the state. */
export function beginsAgain(demand: Demand, snapshot: Snapshot): string | undefined {
  return demand.names.some((each) => isThere(demand, snapshot, each))
    ? "this state is new, and a part of the stage is at Hetzner already: run `pulumi up` first, which ends there, and only then " +
        "the imports that it names"
    : undefined;
}
