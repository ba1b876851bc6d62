import { matcherOf } from "../config/tags/regex/matcher.ts";
import { choose, type Refusal, refusalOf } from "./choose.ts";
import { mismatch } from "./mismatch.ts";
import type { Line, Offer } from "./offers.ts";

export interface Verdict {
  readonly accepted: boolean;
  /** In plain words. */
  readonly reason: string;
}

const no = (reason: string): Verdict => ({ accepted: false, reason });

/** The pattern of the scan that hides a tag from every policy; exclusions match anywhere in it. */
export function exclusionOf({ repository }: Offer, tag: string): string | undefined {
  return repository.spec.exclusionList.find((pattern) => matcherOf(pattern)(tag));
}

/** Why the line does not move, in the words of the configuration where it says so. */
export function frozen(line: Line | undefined, { app, stage }: Offer): string | undefined {
  if (!line?.frozen) return undefined;
  const key = line.frozen === "held" ? "hold" : "pin";
  const at = line.tag === undefined ? "" : ` ${key === "hold" ? "at" : "to"} ${line.tag}`;
  return `${line.frozen}${at} until ${key} goes from the overrides of ${app} in ${stage}`;
}

/** The object that is told to stand still, if one is. */
export function suspended({ policy, repository, automation }: Offer): string | undefined {
  const all = [
    ["ImagePolicy", policy],
    ["ImageRepository", repository],
    ["ImageUpdateAutomation", automation],
  ] as const;
  const [kind, found] = all.find(([, object]) => object?.spec.suspend) ?? [];
  return found && `suspended: ${kind} ${found.metadata.namespace}/${found.metadata.name}`;
}

function refusalText(refusal: Refusal, { policy: { spec } }: Offer, tag: string): string {
  const texts: { readonly [kind in Refusal]: () => string } = {
    filter: () => mismatch(spec.filterTags?.pattern ?? "", tag),
    range: () => `not in the range ${spec.policy.semver?.range}`,
    version: () => `the filter matches, but ${tag} is no version or number that Flux reads`,
  };
  return texts[refusal]();
}

/** Why the policy would not take the tag, were it the only one. */
export function refused(offer: Offer, tag: string): string | undefined {
  const exclusion = exclusionOf(offer, tag);
  if (exclusion) return `excluded by the ImageRepository: ${exclusion}`;
  const refusal = refusalOf(offer.policy.spec, tag);
  return refusal && refusalText(refusal, offer, tag);
}

/** What keeps the tag from being selected, whatever runs now. */
const obstacle = (offer: Offer, tag: string): string | undefined => suspended(offer) ?? refused(offer, tag);

/** Where the line is set from: by an automation, and at once or after somebody merged. */
function written({ automation, lines }: Offer): Verdict {
  if (!automation) return no("the policy takes it, but no ImageUpdateAutomation writes it");
  if (lines.length === 0)
    return no(`the policy takes it, but no line below ${automation.spec.update.path} has its marker`);
  const { checkout, push } = automation.spec.git;
  const isProposed = push?.branch !== undefined && push.branch !== checkout?.ref.branch;
  return { accepted: true, reason: isProposed ? `proposed on branch ${push.branch}` : "committed" };
}

/** What Flux does with the digest, where it writes one beside the tag. */
const digestWords = {
  Never: "",
  IfNotPresent: "; its digest is written beside it, once",
  Always: "; its digest is written beside it, anew whenever the tag moves",
} as const;

/**
 * Whether Flux would write the tag to the line, given the tag that stands there; in a fresh render it is only the first one
 * and decides nothing.
 */
export function verdict(
  offer: Offer,
  tag: string,
  args: { readonly line: Line | undefined; readonly isLive: boolean },
): Verdict {
  const current = args.line?.tag;
  const stands = frozen(args.line, offer);
  if (stands && args.isLive && current === tag) return { accepted: true, reason: stands };
  const reason = stands ?? obstacle(offer, tag);
  if (reason) return no(reason);
  const outcome = written(offer);
  if (!outcome.accepted) return outcome;
  const taken = (words: string): Verdict => {
    return { accepted: true, reason: words + digestWords[offer.policy.spec.digestReflectionPolicy] };
  };
  if (current === undefined) return taken(outcome.reason);
  if (!args.isLive) return taken(`${outcome.reason}; the current tag is unknown, the first one is ${current}`);
  if (current === tag) return taken("it is the current tag");
  const selection = choose(offer.policy.spec, [current, tag]);
  const isNewer = selection.kind === "selected" && selection.tag === tag;
  return isNewer ? taken(`${outcome.reason} in place of ${current}`) : no(`not newer than the current tag ${current}`);
}
