/** Times in milliseconds of several runs of the same work. */
export interface Times {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** One line of the table: what we take, what the floor takes in the same run, and how far apart they may be. */
export interface Row {
  readonly measure: string;
  readonly ours: Times;
  readonly floor: Times;
  readonly goal: number;
}

function times(samples: readonly number[]): Times {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  return { min: at(0), median: at(0.5), max: at(1) };
}

async function timed(work: () => unknown): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** Runs both in turn, so that a busy moment of the machine hits both; the first pair warms up and does not count. */
export async function pair(
  runs: number,
  works: { readonly ours: () => unknown; readonly floor: () => unknown },
): Promise<{ readonly ours: Times; readonly floor: Times }> {
  const ours: number[] = [];
  const floor: number[] = [];
  for (let run = 0; run <= runs; run++) {
    const [a, b] = [await timed(works.ours), await timed(works.floor)];
    if (run > 0) {
      ours.push(a);
      floor.push(b);
    }
  }
  return { ours: times(ours), floor: times(floor) };
}

export const ratio = ({ ours, floor }: Pick<Row, "ours" | "floor">): number => ours.median / floor.median;
