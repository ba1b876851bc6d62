/** Of several runs of the same work, in the row's unit. */
interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** One line of the table: what we take, what the floor takes in the same run, and how far apart they may be. */
export interface Row {
  readonly measure: string;
  readonly unit: "ms" | "MB" | "requests" | "bytes";
  readonly ours: Spread;
  readonly floor: Spread;
  /** None: for comparison only. */
  readonly goal?: number;
}

/** What a run took, by any measure. */
type Sample<T> = () => T | Promise<T>;

export function spread(samples: readonly number[]): Spread {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  return { min: at(0), median: at(0.5), max: at(1) };
}

/** A sample of the milliseconds that some work takes. */
const timed =
  (work: () => unknown): Sample<number> =>
  async () => {
    const started = performance.now();
    await work();
    return performance.now() - started;
  };

/** Runs both in turn, so that a busy moment of the machine hits both; the first pair warms up and does not count. */
export async function pair<T>(
  runs: number,
  samples: { readonly ours: Sample<T>; readonly floor: Sample<T> },
): Promise<{ readonly ours: readonly T[]; readonly floor: readonly T[] }> {
  const ours: T[] = [];
  const floor: T[] = [];
  for (let run = 0; run <= runs; run++) {
    const [a, b] = [await samples.ours(), await samples.floor()];
    if (run > 0) {
      ours.push(a);
      floor.push(b);
    }
  }
  return { ours, floor };
}

/** The pair as milliseconds. */
export async function timedPair(runs: number, works: { readonly ours: () => unknown; readonly floor: () => unknown }) {
  const { ours, floor } = await pair(runs, { ours: timed(works.ours), floor: timed(works.floor) });
  return { unit: "ms" as const, ours: spread(ours), floor: spread(floor) };
}

export const ratio = ({ ours, floor }: Pick<Row, "ours" | "floor">): number => ours.median / floor.median;
