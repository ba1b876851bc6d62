/** `v1.36.3+k3s1` as 1, 36, 3 and 1. */
const numbers = (version: string): readonly number[] =>
  /^v([0-9]+)\.([0-9]+)\.([0-9]+)\+k3s([0-9]+)$/.exec(version)?.slice(1).map(Number) ?? [];

function compare(a: string, b: string): number {
  const [left, right] = [numbers(a), numbers(b)];
  const differing = left.findIndex((part, index) => part !== right[index]);
  return differing < 0 ? 0 : (left[differing] ?? 0) - (right[differing] ?? 0);
}

const minor = (version: string): number => numbers(version)[1] ?? 0;

/** Why a cluster of one k3s may not go to another; nothing when it may. Kubernetes takes one minor at a time and none back. */
export function upgradeProblem(from: string, to: string): string | undefined {
  if (compare(from, to) > 0)
    return `k3s would go back from ${from} to ${to}, which Kubernetes does not do. Put ${from} into pins.json again; an older version comes back only with a snapshot of its time (docs/day-2.md)`;
  const next = minor(from) + 1;
  if (minor(to) > next)
    return `k3s would go from ${from} to ${to} and skip 1.${next}, which Kubernetes does not do. Put a release of 1.${next} into pins.json, and ${to} when every node has that`;
  return undefined;
}
