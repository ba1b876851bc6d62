/** What suites on the real engine expect of a run, and say when it is otherwise. */
import { expect } from "vitest";
import { type Run, said } from "../sandbox/process/execute.ts";
import { dummyToken } from "../sandbox/services.ts";

/** In milliseconds; of limits against hanging. */
export const minute = 60_000;

export function expectDone(run: Run): void {
  expect(run.code, said(run)).toBe(0);
}

/** A failure in these words, without a stack trace, and without the account's token. */
export function expectWords(run: Run, ...words: readonly string[]): void {
  expect(run.code, said(run)).not.toBe(0);
  for (const word of words) expect(said(run), said(run)).toContain(word);
  expect(said(run)).not.toMatch(/^\s+at .+:\d+:\d+\)?$/m);
  expect(said(run)).not.toContain(dummyToken);
}
