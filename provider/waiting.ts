import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "./log.ts";
import { UserError } from "./resource.ts";

/** What one look found. */
export type Found<T> =
  | { readonly kind: "done"; readonly value: T }
  | {
      readonly kind: "waiting";
      /** What is waited for, in one clause. */
      readonly seen: string;
      /** What a person can do about it, if it stays so. */
      readonly wayOut: string;
      /** Nothing heals it by itself. */
      readonly lasting?: boolean;
    };

export interface Waiting<T> {
  /** What is waited for altogether: `the API of prod`. */
  readonly what: string;
  readonly look: () => Promise<Found<T>>;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Seconds until it gives up. */
  readonly deadline: number;
  /** Seconds between two looks. */
  readonly pause?: number;
}

/** How long what does not heal by itself is given, in seconds: a starting server may say anything for a moment. */
const patience = 90;

const minutes = (seconds: number): string =>
  seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;

/** Says at every look what it waits for. @throws UserError with the last thing seen and the way out */
export async function wait<T>({ what, look, log, signal, deadline, pause = 2 }: Waiting<T>): Promise<T> {
  const started = performance.now();
  const passed = () => (performance.now() - started) / 1000;
  let [seen, since] = ["", 0];
  for (;;) {
    const found = await look();
    signal.throwIfAborted();
    if (found.kind === "done") return found.value;
    if (found.seen !== seen) [seen, since] = [found.seen, passed()];
    const given = found.lasting ? Math.min(deadline, since + patience) : deadline;
    if (passed() + pause > given) throw new UserError(`${what}: ${seen}, after ${minutes(passed())}. ${found.wayOut}`);
    await log("INFO", `waiting for ${what}: ${seen} (${minutes(passed())} of ${minutes(deadline)})`, { passing: true });
    await sleep(pause * 1000, undefined, { signal });
  }
}
