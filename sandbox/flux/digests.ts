import { formatImage, type Image, parseImage } from "../../stacks/tree/image.ts";
import { isScanned, setters } from "../../stacks/tree/setters.ts";
import type { ImagePolicy } from "./objects.ts";
import { idOf, type PolicyOutcome } from "./policies.ts";

/** What a registry has under a tag now: `sha256:…`. */
export type DigestOf = (image: string, tag: string) => Promise<string>;

export interface DigestArgs {
  readonly policies: readonly ImagePolicy[];
  /** The branch that the cluster follows, whose marked lines remember what a real policy has in its status. */
  readonly files: ReadonlyMap<string, string>;
  readonly digestOf: DigestOf;
}

function remembered(policy: string, { name, tag }: Image, files: DigestArgs["files"]): string | undefined {
  const texts = [...files].filter(([path]) => isScanned(path)).map(([, text]) => text);
  const lines = texts.filter((text) => text.includes(policy)).flatMap(setters);
  const images = lines.filter(({ marker }) => marker.policy === policy).map(({ value }) => parseImage(value));
  return images.find((each) => each.name === name && each.tag === tag && each.digest)?.digest;
}

async function reflected(outcome: PolicyOutcome, args: DigestArgs): Promise<PolicyOutcome> {
  const { spec } = args.policies.find((each) => idOf(each) === outcome.policy) ?? {};
  const reflection = spec?.digestReflectionPolicy ?? "Never";
  if (outcome.kind === "none" || reflection === "Never") return outcome;
  const { policy, image } = outcome;
  const known = reflection === "IfNotPresent" ? remembered(policy, image, args.files) : undefined;
  try {
    const digest = known ?? (await args.digestOf(image.name, image.tag ?? ""));
    return { ...outcome, image: { ...image, digest } };
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    return { policy, kind: "none", reason: `failed fetching digest of ${formatImage(image)}: ${reason}` };
  }
}

/** The outcomes with what each policy reflects beside the tag (image-reflector-controller, updateImageRefs). */
export const withDigests = (outcomes: readonly PolicyOutcome[], args: DigestArgs): Promise<readonly PolicyOutcome[]> =>
  Promise.all(outcomes.map((outcome) => reflected(outcome, args)));
