import type { Problem } from "../error.ts";

/** Two things that may not be the same: the second one is the problem, and its message can name the first one. */
export function duplicates<T>(
  items: readonly T[],
  key: (item: T) => string,
  problem: (item: T, first: T) => Problem,
): readonly Problem[] {
  const seen = new Map<string, T>();
  return items.flatMap((item) => {
    const first = seen.get(key(item));
    if (first === undefined) seen.set(key(item), item);
    return first === undefined ? [] : [problem(item, first)];
  });
}
