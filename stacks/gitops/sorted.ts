/** A value with the keys of every mapping in one order: Pulumi hands on structured values in another than people wrote. */
export function sorted<T>(value: T): T {
  if (Array.isArray(value)) return value.map((item) => sorted(item)) as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)])) as T;
}
