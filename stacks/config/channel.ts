import type { Channel } from "./fleet.ts";

/** SemVer's numeric identifier: no leading zeros, which Flux and npm read differently (flux.md §2.4). */
const number = "(0|[1-9][0-9]*)";

/** Anchored and RE2-safe: Flux does not anchor by itself, and an unanchored filter lets other channels' tags in. */
export const tagPattern = (channel: Channel): string =>
  `^v${number}\\.${number}\\.${number}${channel.kind === "stable" ? "" : `-${channel.id}\\.${number}`}$`;

export const accepts = (channel: Channel, tag: string): boolean => new RegExp(tagPattern(channel)).test(tag);

/** A tag as the channel wants it, for messages. */
export const sampleTag = (channel: Channel): string =>
  channel.kind === "stable" ? "v1.2.3" : `v1.2.3-${channel.id}.4`;
