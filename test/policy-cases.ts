/** Random questions to a tag policy: channels and ranges of every kind, among tags that are almost what they want. */

import type { NamedChannel as Channel } from "../stacks/config/fleet.ts";
import { type TagPolicy, tagPolicy } from "../stacks/config/tags/channel.ts";
import { rangeProblem } from "../stacks/config/tags/range.ts";
import { random } from "./random.ts";

export interface Case {
  readonly policy: TagPolicy;
  readonly tags: readonly string[];
}

/** A number below the given one. */
type Random = (below: number) => number;

function randomFrom(seed: number): Random {
  const draw = random(seed);
  return (below) => Math.floor(draw() * below);
}

const pick = <T>(random: Random, values: readonly [T, ...T[]]): T => values[random(values.length)] ?? values[0];

const times = <T>(count: number, make: () => T): readonly T[] => Array.from({ length: count }, make);

const ids = ["develop", "dev", "stage", "rc", "a", "A", "Develop", "develop2", "develop-2", "x-", "alpha--1"] as const;

const number = (random: Random): string =>
  String(random(8) === 0 ? pick(random, [9, 10, 99, 100, 2 ** 31, 10 ** 14, 10 ** 15 - 1]) : random(4));

const core = (random: Random): string => times(3, () => number(random)).join(".");

const near: readonly [(tag: string) => string, ...((tag: string, random: Random) => string)[]] = [
  (tag) => tag.replace(/^v/, ""),
  (tag) => tag.replace("v", "V"),
  (tag) => `v${tag}`,
  (tag) => `x${tag}`,
  (tag) => tag.replace("v", "v0"),
  (tag) => tag.replace(/\.([0-9])/, ".0$1"),
  (tag) => tag.replace(/([0-9]+)$/, "0$1"),
  (tag) => tag.replace(/\.[0-9]+/, ""),
  (tag) => tag.replace(/\.[0-9]+$/, ""),
  (tag) => tag.replace("-", ".4-"),
  (tag) => tag.replace("-", ""),
  (tag) => tag.replace(/\.([^.]*)$/, "$1"),
  (tag) => tag.replace(/\.([^.]*)$/, "-$1"),
  (tag) => tag.replace(/\.([^.]*)$/, "..$1"),
  (tag) => tag.replace(/-(.)/, "_$1"),
  (tag) => tag.toUpperCase(),
  (tag) => `${tag}.4`,
  (tag) => `${tag}.x`,
  (tag) => `${tag}.sig`,
  (tag) => `${tag}-1`,
  (tag) => `${tag}-alpine3.18`,
  (tag) => `${tag}+build.5`,
  (tag) => `${tag}\n`,
  (tag) => ` ${tag}`,
  (tag) => tag.replace(/[0-9]/, "٣"),
  () => "latest",
  () => "",
  (_, random) => number(random),
  (_, random) => `${number(random)}.${number(random)}-rc.1`,
  (_, random) => `${number(random)}-rc.1.2`,
];

/** Beyond 2^53 or 2^64, where floats and machine words end. */
const huge: typeof near = [
  (tag) => tag.replace(/[0-9]+/, "9007199254740993"),
  (tag) => tag.replace(/[0-9]+$/, "9007199254740993"),
  (tag) => tag.replace(/[0-9]+$/, "9007199254740992"),
  (tag) => tag.replace(/[0-9]+$/, "18446744073709551616"),
  (tag) => tag.replace(/[0-9]+/, "18446744073709551616"),
];

/** Half of them of the channel asked for, a third of all only almost what it is. */
function tag(random: Random, wanted: Channel, misses: typeof near): string {
  const own = random(2) === 0 ? wanted : channel(random);
  const good = `v${core(random)}${own.kind === "stable" ? "" : `-${own.id}.${number(random)}`}`;
  return random(3) === 0 ? pick(random, misses)(good, random) : good;
}

const channel = (random: Random): Channel =>
  random(4) === 0 ? { kind: "stable" } : { kind: "prerelease", id: pick(random, ids) };

const n = "(0|[1-9][0-9]{0,14})";

/** Filters that people could write; these leave other spellings of a version in. */
export const loosePatterns = ["", "^v[0-9.]+$", "^v?[0-9]", "develop", "-[a-z]+"];

const patterns = (wanted: Channel): readonly [string, ...string[]] => [
  tagPolicy(wanted).pattern,
  `^v${n}\\.${n}\\.${n}(-develop\\.${n})?$`,
  `^v${n}\\.${n}\\.${n}(-(develop|stage)\\.${n})?$`,
  ...loosePatterns,
];

const prereleases = [
  "",
  "",
  "-0",
  "-0",
  "-1",
  "-develop",
  "-develop.1",
  "-develop.10",
  "-dev",
  "-stage.2",
  "-A",
  "-0a",
  "--",
];

/** With one character put in or replaced: most are refused, the rest has to be read alike. */
function edit(random: Random, written: string): string {
  const at = random(written.length);
  return `${written.slice(0, at)}${pick(random, ["0", "x", ".", "-", "+", ",", "|", "=", "<", ">", "~", "^", "v", "*", " "])}${written.slice(at + random(2))}`;
}

function range(random: Random): string {
  const operator = () => pick(random, ["", "=", ">", ">=", ">=", "<", "<=", "^", "~"]);
  const prerelease = () => prereleases[random(prereleases.length)] ?? "";
  const comparator = () => `${operator()}${core(random)}${prerelease()}`;
  const group = () => times(1 + random(3), comparator).join(" ");
  const written = times(1 + random(3), group).join(pick(random, ["||", " || ", "|| "]));
  const edited = random(4) === 0 ? edit(random, written) : written;
  return rangeProblem(edited) ? range(random) : edited;
}

/** The first tag once more, as another spelling of the same version. */
const twin = (random: Random, [first = ""]: readonly string[]): readonly string[] =>
  first.startsWith("v") ? [first.replace("v", pick(random, ["", "v0", "0"]))] : [];

const builds = [
  "7",
  "8",
  "10",
  "08",
  "1.0",
  "1e3",
  "-1",
  "+7",
  "inf",
  "-Inf",
  "nan",
  "1e999",
  "9007199254740993",
  "x",
  "",
];

type Filter = Pick<TagPolicy, "pattern" | "extract">;

/** Build numbers and names, whole or behind an extract by which several tags can become one. */
function otherOrder(random: Random): Case {
  const written = () => pick(random, builds.slice(0, random(3) === 0 ? builds.length : 3) as [string, ...string[]]);
  const tags = times(random(8), () => `${pick(random, ["main-", "dev-", "main-", ""])}${written()}`);
  const filters: readonly [Filter, ...Filter[]] = [
    { pattern: "^main-(.*)$", extract: `$\{1}` },
    { pattern: "^(main|dev)-(.*)$", extract: `$\{2}` },
    { pattern: "^(main|dev)-([0-9]+)$", extract: `$\{2}.$\{1}$\{2}` },
    { pattern: "^[0-9]+$" },
    { pattern: "" },
  ];
  const order = pick<"asc" | "desc">(random, ["asc", "desc"]);
  return {
    policy: {
      ...pick(random, filters),
      kind: pick<"numerical" | "alphabetical">(random, ["numerical", "alphabetical"]),
      order,
    },
    tags: tags.filter((each) => each !== ""),
  };
}

/** Versions behind an extract. */
function extracted(random: Random): Case {
  const tags = times(random(8), () => `${pick(random, ["main-", "dev-"])}v${core(random)}`);
  return { policy: { pattern: "^(main|dev)-(v.*)$", extract: `$\{2}-0`, range: range(random) }, tags };
}

function question(random: Random): Case {
  if (random(6) === 0) return otherOrder(random);
  if (random(10) === 0) return extracted(random);
  const wanted = channel(random);
  const tags = (misses: typeof near) => {
    const some = times(random(12), () => tag(random, wanted, misses));
    return random(4) === 0 ? [...some, ...twin(random, some)] : some;
  };
  if (random(2) === 0) return { policy: tagPolicy(wanted), tags: tags([...near, ...huge]) };
  return { policy: { pattern: pick(random, patterns(wanted)), range: range(random) }, tags: tags(near) };
}

/** The same cases for the same seed. */
export function cases(seed: number, count: number): readonly Case[] {
  const random = randomFrom(seed);
  return times(count, () => question(random));
}
