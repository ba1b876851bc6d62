import { choose, type Refusal, refusalOf } from "./choose.ts";
import { type Offer, policyId } from "./offers.ts";
import { exclusionOf, frozen, suspended } from "./verdict.ts";

/** What a policy makes of a registry's tags. */
export interface Preview {
  readonly app: string;
  readonly stage: string;
  readonly image: string;
  readonly policy: string;
  /** The tag that would run; `null` when the policy takes none. */
  readonly selected: string | null;
  /** Why it takes none, in Flux's own words where they are Flux's. */
  readonly reason: string | null;
  /** The best, in order; the first is the selected one, unless the app is held or pinned. */
  readonly candidates: readonly string[];
  /** How many tags were left out, by reason. */
  readonly refused: { readonly [reason in Reason]: number };
}

export type Reason = "excluded" | Refusal;

const shown = 5;

interface Best {
  readonly tags: readonly string[];
  readonly reason: string | null;
}

/** The first few that the policy would take one after the other, were the better ones not there. */
function best(offer: Offer, tags: readonly string[]): Best {
  const found: string[] = [];
  const left = new Set(tags);
  const paused = frozen(offer.lines[0], offer) ? undefined : suspended(offer);
  if (paused) return { tags: found, reason: paused };
  while (found.length < shown) {
    const selection = choose(offer.policy.spec, [...left]);
    if (selection.kind === "none") return { tags: found, reason: found.length > 0 ? null : selection.reason };
    found.push(selection.tag);
    left.delete(selection.tag);
  }
  return { tags: found, reason: null };
}

/** What would run of an app in a stage, given every tag of its image. @throws Error for a policy that cannot be evaluated */
export function preview(offer: Offer, tags: readonly string[]): Preview {
  const reasons = tags.map((tag): Reason | undefined => {
    return exclusionOf(offer, tag) === undefined ? refusalOf(offer.policy.spec, tag) : "excluded";
  });
  const count = (reason: Reason) => reasons.filter((each) => each === reason).length;
  // One tag that is no number fails a whole numerical policy, so nothing but what the scan hides is left out here.
  const { tags: candidates, reason } = best(
    offer,
    tags.filter((_, index) => reasons[index] !== "excluded"),
  );
  const stands = frozen(offer.lines[0], offer);
  return {
    app: offer.app,
    stage: offer.stage,
    image: offer.repository.spec.image,
    policy: policyId(offer.policy),
    selected: stands ? null : (candidates[0] ?? null),
    reason: stands ?? reason,
    candidates,
    refused: { excluded: count("excluded"), filter: count("filter"), range: count("range"), version: count("version") },
  };
}
