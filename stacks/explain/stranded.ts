/** Where an edit would have Flux go back to a lower version: it takes the newest of what its policy takes, and knows no way back. */
import compare from "semver/functions/compare.js";
import { lowestOf } from "../config/tags/range.ts";
import { matcherOf } from "../config/tags/regex/matcher.ts";
import { versionOf } from "../config/tags/version.ts";
import { allowDowngradeAnnotation } from "../gitops/names.ts";
import { parseImage } from "../tree/image.ts";
import type { Files } from "../tree/manifests.ts";
import { setters } from "../tree/setters.ts";
import { refusalOf } from "./choose.ts";
import { decisive, idOf, type Rule, rulesIn, unlessBroken } from "./rules.ts";

/** A tag that runs and that Flux's policy, as it is to be, does not take: another one follows it at once. */
export interface Stranded {
  readonly file: string;
  /** `namespace:name` of the policy. */
  readonly policy: string;
  readonly app: string;
  readonly stage: string;
  readonly tag: string;
  /** Whether that other one can be a lower version. */
  readonly isDowngrade: boolean;
  readonly isAllowed: boolean;
}

const takes = ({ policy, exclusions }: Rule, tag: string): boolean =>
  refusalOf(policy.spec, tag) === undefined && !exclusions.some((pattern) => matcherOf(pattern)(tag) !== undefined);

/** Unless every version of its range is above the tag. */
function canGoBack({ policy: { spec } }: Rule, tag: string): boolean {
  const version = versionOf(tag);
  if (!version || !spec.policy.semver || spec.filterTags?.extract) return true;
  return compare(lowestOf(spec.policy.semver.range), version) < 0;
}

function stranded(rule: Rule, tag: string): Stranded {
  const { name, labels, annotations } = rule.policy.metadata;
  return {
    ...{ file: rule.file, policy: idOf(rule), app: labels["app"] ?? name, stage: labels["stage"] ?? "", tag },
    isDowngrade: canGoBack(rule, tag),
    isAllowed: annotations[allowDowngradeAnnotation] === tag,
  };
}

interface Line {
  readonly file: string;
  readonly policy: string;
  readonly tag: string;
}

/** The tags on the lines that Flux sets. */
function linesIn(files: Files): readonly Line[] {
  return [...files].flatMap(([file, text]) =>
    unlessBroken(() => setters(text), []).flatMap(({ marker: { policy, part }, value }) => {
      const tag = part === "image" ? parseImage(value).tag : part === "tag" ? value : undefined;
      return tag ? [{ file, policy, tag }] : [];
    }),
  );
}

const lineKey = ({ file, policy }: Line): string => `${file} ${policy}`;

const flux = /"\$imagepolicy": "[^"]+"/g;

/** Cheap, because nearly all edits decide on no tag: a policy or its scan differs, or a line has Flux as its new writer. */
function isDecisive(before: string, after: string): boolean {
  if (before === after) return false;
  return (
    /^kind: Image(Policy|Repository)$/m.test(after) || (after.match(flux) ?? []).some((each) => !before.includes(each))
  );
}

/**
 * Of the tags that stand in the repository, those that Flux replaces because of an edit: of what decides on tags, or of who
 * moves a line. A line that is new has nothing running behind it.
 */
export function strandedTags(before: Files, after: Files): readonly Stranded[] {
  const edited = [...after].filter(([path, text]) => isDecisive(before.get(path) ?? text, text));
  if (edited.length === 0) return [];
  const former = new Map(rulesIn(before).map((rule) => [idOf(rule), decisive(rule)]));
  const already = new Set(linesIn(before).map(lineKey));
  const lines = Map.groupBy(linesIn(after), ({ policy }) => policy);
  return rulesIn(after).flatMap((rule): readonly Stranded[] => {
    const id = idOf(rule);
    const isEdited = former.get(id) !== decisive(rule);
    const own = (lines.get(id) ?? []).filter(
      (line) => before.has(line.file) && (isEdited || !already.has(lineKey(line))),
    );
    const tags = [...new Set(own.map(({ tag }) => tag))].filter((tag) => !takes(rule, tag));
    return tags.map((tag) => stranded(rule, tag));
  });
}
