import type { Channel, Fence, NamedChannel } from "../fleet.ts";
import { both, type Example, example, type Language } from "./language.ts";
import { languageOf } from "./pattern.ts";
import { satisfies } from "./range.ts";
import { rangeLanguage } from "./range-language.ts";
import { matcherOf } from "./regex/matcher.ts";
import { versionOf } from "./version.ts";

interface Filter {
  /** Regular expression, in the syntax that RE2 and JavaScript share. */
  readonly pattern: string;
  /** What is compared instead of the whole tag: `${1}` is the first group. */
  readonly extract?: string | undefined;
}

type VersionPolicy = Filter & { readonly kind?: "semver"; readonly range: string };

/** What an ImagePolicy says: the filter picks the channel, the rest only orders, and admits prereleases. */
export type TagPolicy =
  | VersionPolicy
  | (Filter & { readonly kind: "numerical" | "alphabetical"; readonly order: "asc" | "desc" });

/**
 * SemVer's numeric identifier: no leading zeros, which other readers refuse. A number from 2^64 on is a word to Flux and then
 * above all numbers, for ever (Masterminds/semver version.go, comparePrePart); from 2^53 on npm's semver rounds it.
 */
const number = "(0|[1-9][0-9]{0,14})";

/** Anchored and RE2-safe: Flux does not anchor by itself, and an unanchored filter lets other channels' tags in. */
const namedPattern = (channel: NamedChannel): string =>
  `^v${number}\\.${number}\\.${number}${channel.kind === "stable" ? "" : `-${channel.id}\\.${number}`}$`;

/** `-0` admits every prerelease, on every comparator or on none; without it a prerelease channel selects nothing (fluxcd/flux2#1298). */
function fencedRange({ floor = "0.0.0", ceiling }: Fence, lowest: "" | "-0"): string {
  return [`>=${floor}${lowest}`, ...(ceiling ? [`<${ceiling}${lowest}`] : [])].join(" ");
}

export function tagPolicy(channel: NamedChannel): VersionPolicy;
export function tagPolicy(channel: Channel): TagPolicy;
export function tagPolicy(channel: Channel): TagPolicy {
  if (channel.kind === "stable" || channel.kind === "prerelease")
    return { pattern: namedPattern(channel), range: fencedRange(channel, channel.kind === "stable" ? "" : "-0") };
  return channel;
}

/** What a policy compares for a tag; `undefined` when the filter leaves the tag out. */
export function keyOf({ pattern, extract }: Filter): (tag: string) => string | undefined {
  const matched = matcherOf(pattern);
  if (!extract) return (tag) => (matched(tag) ? tag : undefined);
  return (tag) => {
    const match = matched(tag);
    return match ? extract.replace(/\$\{([0-9]+)\}/g, (_, group) => match[Number(group)] ?? "") : undefined;
  };
}

/** Whether a tag can be selected when it is the only one. */
export function accepts(channel: Channel, tag: string): boolean {
  const policy = tagPolicy(channel);
  const key = keyOf(policy)(tag);
  if (key === undefined || !("range" in policy)) return key !== undefined;
  const version = versionOf(key);
  return version !== null && satisfies(version, policy.range);
}

/** OCI distribution specification: no tag begins with a dot or a hyphen. */
const anyTag = languageOf("\\w.*");

/** The tags whose one extracted group is in the range; of several groups in a row the range is left out. */
function extracted(pattern: string, extract: string, range: string): Language {
  const [, group] = /^\$\{(\d+)\}$/.exec(extract) ?? [];
  return languageOf(pattern, group ? { group: Number(group), to: rangeLanguage(range) } : undefined);
}

/**
 * Every tag that a channel may take. Exact without an extract. With one it may be more: where a tag can be divided into
 * groups in several ways, any of them counts. The channel's filter and range are checked ones.
 */
export function tagsOf(channel: Channel): Language {
  const policy = tagPolicy(channel);
  const { pattern, extract } = policy;
  if (!("range" in policy)) return both(anyTag, languageOf(pattern));
  if (extract) return both(anyTag, extracted(pattern, extract, policy.range));
  return both(anyTag, languageOf(pattern), rangeLanguage(policy.range));
}

/** A tag that both channels may take. Filters mostly leave none, and the languages of ranges, which are large, are not built then. */
export function sharedTag(one: Channel, other: Channel): Example {
  const [first, second] = [tagPolicy(one), tagPolicy(other)];
  const filtered = example(both(anyTag, languageOf(first.pattern), languageOf(second.pattern)));
  return filtered.kind === "none" ? filtered : example(both(tagsOf(one), tagsOf(other)));
}

/** Tags as the channel wants them, for messages. */
export function sampleTag(channel: Channel): string {
  if (channel.kind === "stable") return `v${channel.floor ?? "1.2.3"}`;
  if (channel.kind === "prerelease") return `v${channel.floor ?? "1.2.3"}-${channel.id}.4`;
  return channel.pattern;
}
