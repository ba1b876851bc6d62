import { tagPattern } from "../config/channel.ts";
import type { Channel } from "../config/fleet.ts";

/** What an ImagePolicy says: the filter picks the channel, the range only orders and admits prereleases. */
export interface TagPolicy {
  /** Regular expression, in the syntax that RE2 and JavaScript share. */
  readonly pattern: string;
  readonly range: string;
}

/** `-0` admits every prerelease; without it a prerelease channel selects nothing (fluxcd/flux2#1298). */
export function tagPolicy(channel: Channel): TagPolicy {
  return { pattern: tagPattern(channel), range: channel.kind === "stable" ? ">=0.0.0" : ">=0.0.0-0" };
}
