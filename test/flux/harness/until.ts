import { setTimeout as pause } from "node:timers/promises";

export interface Until {
  /** Completes "gave up waiting for …". */
  readonly what: string;
  /** Seconds; against hanging, no measure. */
  readonly within?: number;
  /** What is known when it gives up. */
  readonly state?: () => Promise<string> | string;
}

/** Asks again until the answer is something, and gives it. @throws Error that says what was waited for, and what is there */
export async function until<T>(
  { what, within = 120, state }: Until,
  ask: () => Promise<T | undefined | false>,
): Promise<T> {
  const giveUp = Date.now() + within * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > giveUp)
      throw new Error(`gave up waiting for ${what} after ${within} s\n${(await state?.()) ?? ""}`);
    await pause(250);
  }
}
