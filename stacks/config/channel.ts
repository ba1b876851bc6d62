import type { Channel } from "./fleet.ts";

/**
 * SemVer's numeric identifier: no leading zeros, which other readers refuse. A number from 2^64 on is a word to Flux and then
 * above all numbers, for ever (Masterminds/semver version.go, comparePrePart); from 2^53 on npm's semver rounds it.
 */
const number = "(0|[1-9][0-9]{0,14})";

/** Anchored and RE2-safe: Flux does not anchor by itself, and an unanchored filter lets other channels' tags in. */
export const tagPattern = (channel: Channel): string =>
  `^v${number}\\.${number}\\.${number}${channel.kind === "stable" ? "" : `-${channel.id}\\.${number}`}$`;

export const accepts = (channel: Channel, tag: string): boolean => new RegExp(tagPattern(channel)).test(tag);

/** A tag as the channel wants it, for messages. */
export const sampleTag = (channel: Channel): string =>
  channel.kind === "stable" ? "v1.2.3" : `v1.2.3-${channel.id}.4`;
