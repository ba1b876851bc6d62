/** Channels as the tags under markers show them. */
export type Channel = { readonly kind: "stable" } | { readonly kind: "prerelease"; readonly id: string };

const version = /^v?([0-9]+)\.([0-9]+)\.([0-9]+)(?:-([A-Za-z][0-9A-Za-z-]*)\.[0-9]+)?$/;

/** `v1.9.31` is stable, `v1.9.32-develop.2` is develop's; other tags belong to no channel that can be configured. */
export function channelOfTag(tag: string): Channel | undefined {
  const match = version.exec(tag);
  if (!match) return undefined;
  const [, , , , id] = match;
  return id === undefined ? { kind: "stable" } : { kind: "prerelease", id };
}

export const channelName = (channel: Channel): string => (channel.kind === "stable" ? "stable" : channel.id);

/** The channel that most of the tags are of. */
export function commonChannel(tags: readonly string[]): Channel | undefined {
  const channels = tags.flatMap((tag) => channelOfTag(tag) ?? []);
  const groups = [...Map.groupBy(channels, channelName).values()];
  return groups.toSorted((a, b) => b.length - a.length)[0]?.[0];
}

/** A tag of the channel that is newer than all of these: what its pipeline will push one day. */
export function laterTag(channel: Channel, tags: readonly string[]): string {
  const numbers = tags.flatMap((tag) => {
    const [, major, minor, patch] = version.exec(tag) ?? [];
    return patch === undefined ? [] : [[Number(major), Number(minor), Number(patch)] as const];
  });
  const sorted = numbers.toSorted((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
  const [major, minor, patch] = sorted.at(-1) ?? [1, 0, 0];
  return `v${major}.${minor}.${patch + 1}${channel.kind === "stable" ? "" : `-${channel.id}.1`}`;
}
