/** Which tags Flux would choose before and after, of the policies that a change of a stage's files is about. */
import { matcherOf } from "../config/tags/regex/matcher.ts";
import { choose } from "../explain/choose.ts";
import { decisive, idOf, type Rule, rulesIn } from "../explain/rules.ts";
import type { Known } from "../matrix/matrix.ts";
import type { Preview } from "./events.ts";
import { treeStep } from "./events.ts";
import { textsOf } from "./tree-changes.ts";

export interface PolicyEdit {
  readonly policy: string;
  readonly before: Rule | undefined;
  readonly after: Rule | undefined;
}

export interface ChosenTag {
  readonly policy: string;
  /** Null where there is no policy, or it takes none of the tags. */
  readonly from: string | null;
  readonly to: string | null;
}

/** Policies that come, or of which something decides otherwise: filter, range, scan, image. */
export function policyEdits({ steps }: Preview): readonly PolicyEdit[] {
  const step = treeStep(steps);
  if (!step?.newState) return [];
  const [before, after] = [step.oldState, step.newState].map((state) => {
    return new Map(rulesIn(textsOf(state)).map((rule) => [idOf(rule), rule]));
  });
  const same = (a: Rule | undefined, b: Rule) => a !== undefined && decisive(a) === decisive(b) && a.image === b.image;
  return [...(after ?? [])].flatMap(([policy, rule]) => {
    const former = before?.get(policy);
    return same(former, rule) ? [] : [{ policy, before: former, after: rule }];
  });
}

export const imagesOf = (edits: readonly PolicyEdit[]): readonly string[] => [
  ...new Set(edits.flatMap(({ before, after }) => [before?.image, after?.image].filter((each) => each !== undefined))),
];

type KnownTags = ReadonlyMap<string, Known>;

function tagOf(rule: Rule | undefined, known: KnownTags): string | null {
  const found = known.get(rule?.image ?? "");
  if (!(rule && found && "tags" in found)) return null;
  const hidden = rule.exclusions.map(matcherOf);
  const seen = found.tags.filter((tag) => hidden.every((match) => match(tag) === undefined));
  const selection = choose(rule.policy.spec, seen);
  return selection.kind === "selected" ? selection.tag : null;
}

export interface Chosen {
  readonly tags: readonly ChosenTag[];
  /** Sentences: which image's tags are not known, and why. */
  readonly unknown: readonly string[];
}

/** Only what changes; where a registry did not answer it is said. */
export function chosenTags(edits: readonly PolicyEdit[], known: KnownTags): Chosen {
  const unknown = imagesOf(edits).flatMap((image) => {
    const found = known.get(image) ?? { problem: "no registry was asked" };
    return "problem" in found ? [`${image}: ${found.problem}`] : [];
  });
  const tags = edits.map(({ policy, before, after }) => ({
    ...{ policy, from: tagOf(before, known), to: tagOf(after, known) },
  }));
  return { tags: tags.filter(({ from, to }) => from !== to), unknown };
}
