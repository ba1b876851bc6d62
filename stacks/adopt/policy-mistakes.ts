/** What is wrong with the ImagePolicies: which tags they let in, and which they should. */
import { type Matcher, matcherOf } from "../config/tags/regex/matcher.ts";
import { selectTag } from "../gitops/select.ts";
import type { FoundApp } from "./app.ts";
import { channelName, laterTag } from "./channels.ts";
import type { Finding } from "./finding.ts";
import { type Found, namespaceOf, ofFlux, type Read } from "./read.ts";
import { type FoundStage, type System, stageAt } from "./system.ts";

/** A policy with the app that its marker is in. */
interface Use {
  readonly policy: Found;
  readonly stage: FoundStage;
  readonly app: FoundApp;
  /** What the stage runs. */
  readonly tag: string;
  readonly pattern: string;
  readonly range: string;
}

const finding = (code: string, [policy, ...keys]: readonly [Found, ...string[]], message: string): Finding => ({
  code,
  severity: "error",
  path: policy.path,
  line: policy.line(...keys),
  message,
});

const filterKeys = ["spec", "filterTags", "pattern"] as const;
const rangeKeys = ["spec", "policy", "semver", "range"] as const;

export const policyKey = (policy: Found, read: Read): string =>
  `${namespaceOf(policy, read)}:${policy.text("metadata", "name")}`;

function uses(read: Read, system: System): readonly Use[] {
  return ofFlux(read, "ImagePolicy").flatMap((policy) => {
    const stage = stageAt(system, policy.path);
    const key = policyKey(policy, read);
    return system.apps.flatMap((app) => {
      const use = app.uses.find((each) => each.stage === stage?.name && each.marker?.policy === key);
      if (!(stage && use)) return [];
      return [
        { policy, stage, app, tag: use.tag, pattern: policy.text(...filterKeys), range: policy.text(...rangeKeys) },
      ];
    });
  });
}

/** RE2 writes named groups with a P. */
function filterOf(pattern: string): Matcher | undefined {
  try {
    return matcherOf(pattern.replaceAll("(?P<", "(?<"));
  } catch {
    return undefined;
  }
}

/** Whether the range alone takes a tag; `undefined` for one that is not read alike here and by Flux: `range-unreadable`. */
function inRange(tag: string, range: string): boolean | undefined {
  try {
    return selectTag({ pattern: "^.*$", range }, [tag]).kind === "selected";
  } catch {
    return undefined;
  }
}

function unreadable({ policy, pattern, range }: Use): readonly Finding[] {
  const filter = `the filter ${pattern} cannot be judged here: RE2 and JavaScript do not read it alike`;
  const order = `the range ${range} cannot be judged here: write full versions, such as >=1.0.0`;
  return [
    ...(filterOf(pattern)
      ? []
      : [{ ...finding("filter-unreadable", [policy, ...filterKeys], filter), severity: "warning" as const }]),
    ...(inRange("1.0.0", range) !== undefined
      ? []
      : [{ ...finding("range-unreadable", [policy, ...rangeKeys], order), severity: "warning" as const }]),
  ];
}

const everyTag = (app: FoundApp): readonly string[] => app.uses.map(({ tag }) => tag).filter((tag) => tag !== "");

/** The article's own mistake: four numbers in the filter, three in every tag. */
function matchesNothing({ policy, stage, app, tag, pattern }: Use): readonly Finding[] {
  const filter = filterOf(pattern);
  if (!filter || everyTag(app).some((each) => filter(each))) return [];
  const why = filter("v1.2.3.4") ? " (it wants four numbers, and a tag of four numbers is no version)" : "";
  const message =
    `the filter ${pattern} matches none of ${app.name}'s tags, not even ${tag}, which ${stage.name} runs${why}: ` +
    "the policy never selects anything, and the automation reports Ready while nothing happens";
  return [finding("filter-matches-nothing", [policy, ...filterKeys], message)];
}

function selectsNothing({ policy, stage, tag, range }: Use): readonly Finding[] {
  if (tag === "" || inRange(tag, range) !== false) return [];
  const message = `the range ${range} does not take ${tag}, which ${stage.name} runs: no tag like it is ever selected`;
  return [finding("range-selects-nothing", [policy, ...rangeKeys], message)];
}

/** What other stages run, and what they will run next. */
function foreignTags(app: FoundApp, own: FoundStage, { stages }: System) {
  return stages
    .filter((stage) => stage.name !== own.name && stage.channel && app.uses.some((use) => use.stage === stage.name))
    .flatMap((stage) => {
      const running = app.uses.find((use) => use.stage === stage.name)?.tag ?? "";
      const later = stage.channel ? laterTag(stage.channel, everyTag(app)) : "";
      return [later, running].filter((tag) => tag !== "").map((tag) => ({ tag, stage: stage.name }));
    });
}

/** Without a filter that tells the channels apart, the newest tag of any of them runs. */
function letsOthersIn(use: Use, system: System): readonly Finding[] {
  const { policy, stage, app, pattern, range } = use;
  const filter = filterOf(pattern);
  const foreign = foreignTags(app, stage, system).filter(({ tag }) => inRange(tag, range));
  const passing = foreign.filter(({ tag }) => filter?.(tag));
  const shown = [...Map.groupBy(passing, (each) => each.stage).values()].flatMap(([first]) => first ?? []);
  if (shown.length > 0) {
    const tags = shown.map(({ tag, stage: other }) => `${tag} of ${other}`).join(", ");
    const what = pattern === "" ? `there is no filter, and the range ${range}` : `the filter ${pattern} with ${range}`;
    const code = pattern === "" ? "filter-missing" : "filter-loose";
    const keys = pattern === "" ? rangeKeys : filterKeys;
    return [finding(code, [policy, ...keys], `${what} also takes ${tags}: the tag would run in ${stage.name} too`)];
  }
  const [next] = foreign;
  if (!next || !matchesNothing(use).length) return [];
  const message =
    `the range ${range} tells no channels apart: once the filter lets tags through, ${next.tag} of ${next.stage} would ` +
    `run in ${stage.name} too, unless the filter is the channel's own`;
  return [finding("range-loose", [policy, ...rangeKeys], message)];
}

/** `>=1.0.0-dev` only admits prereleases, of every channel; a word in it selects none. */
function rangeWord({ policy, stage, range }: Use): readonly Finding[] {
  const [, word] = /\d-([A-Za-z][0-9A-Za-z-]*)/.exec(range) ?? [];
  if (!(word && stage.channel)) return [];
  const channel = channelName(stage.channel);
  const other = word === channel ? "" : `, and ${stage.name}'s tags say -${channel}, not -${word}`;
  const message = `-${word} in the range ${range} selects no channel: it admits the prereleases of all of them${other}`;
  return [{ ...finding("range-word", [policy, ...rangeKeys], message), severity: other ? "error" : "warning" }];
}

/** Of every policy that a marker names. */
export function policyMistakes(read: Read, system: System): readonly Finding[] {
  return uses(read, system).flatMap((use) => [
    ...unreadable(use),
    ...matchesNothing(use),
    ...selectsNothing(use),
    ...letsOthersIn(use, system),
    ...rangeWord(use),
  ]);
}
