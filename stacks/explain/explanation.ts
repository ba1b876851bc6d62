import { inOrder } from "../tree/clusters.ts";
import type { Files } from "../tree/manifests.ts";
import { type ClusterOffers, clustersOf, type Line, type Offer, offersFor, policyId } from "./offers.ts";
import { verdict } from "./verdict.ts";

/** What a stage does with the tag; one for every marked line of a policy. */
export interface StageAnswer {
  readonly stage: string;
  readonly app: string | null;
  readonly accepted: boolean;
  readonly reason: string;
  /** `namespace:name` of the ImagePolicy. */
  readonly policy: string | null;
  readonly file: string | null;
  readonly line: number | null;
}

/** Printed by `--json` as it is: applications' pipelines read it. */
export interface Explanation {
  readonly image: string;
  readonly tag: string;
  readonly stages: readonly StageAnswer[];
}

export interface Question {
  readonly image: string;
  readonly tag: string;
  /** Whether the files are a repository's, with the tags that Flux wrote, or freshly rendered. */
  readonly isLive: boolean;
  /** Cluster paths in promotion order, which a repository does not say. */
  readonly order?: readonly string[];
}

function nobody({ stage, isScanned }: ClusterOffers, { image }: Question): StageAnswer {
  const reason = isScanned
    ? "no ImagePolicy chooses from its tags"
    : `image unknown: no ImageRepository scans ${image}`;
  return { stage, app: null, accepted: false, reason, policy: null, file: null, line: null };
}

/** A policy that cannot be evaluated is no reason to be silent on the others. */
function decided(offer: Offer, question: Question, line: Line | undefined) {
  try {
    return verdict(offer, question.tag, { line, isLive: question.isLive });
  } catch (error) {
    return { accepted: false, reason: `not decided: ${error instanceof Error ? error.message : error}` };
  }
}

function answers(offer: Offer, question: Question): readonly StageAnswer[] {
  const lines = offer.lines.length > 0 ? offer.lines : [undefined];
  return lines.map((line) => ({
    stage: offer.stage,
    app: offer.app,
    ...decided(offer, question, line),
    policy: policyId(offer.policy),
    file: line?.file ?? null,
    line: line?.line ?? null,
  }));
}

/** Which stages of a repository take an image's tag, and why the others do not. @throws Error for files that cannot be read */
export function explanation(files: Files, question: Question): Explanation {
  const all = inOrder(clustersOf(files, question.isLive), question.order ?? []);
  const clusters = offersFor(question.image, all);
  const stages = clusters.flatMap((cluster) => {
    const found = cluster.offers.flatMap((offer) => answers(offer, question));
    return found.length > 0 ? found : [nobody(cluster, question)];
  });
  return { image: question.image, tag: question.tag, stages };
}
