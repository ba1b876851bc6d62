import { type Selection, selectTag } from "../gitops/select.ts";
import type { ImagePolicy } from "../tree/image-objects.ts";

type Spec = ImagePolicy["spec"];

/** Flux's words when the filter leaves nothing (image-reflector-controller internal/policy/semver.go). */
const emptyList = "version list argument cannot be empty";

/** As Flux takes it: the first of these that is there (image-reflector-controller internal/policy/factory.go). */
function tagPolicy({ filterTags, policy }: Spec): Parameters<typeof selectTag>[0] {
  const filter = { pattern: "", ...filterTags };
  const { semver, alphabetical, numerical } = policy;
  if (semver) return { ...filter, range: semver.range };
  if (alphabetical) return { ...filter, kind: "alphabetical", order: alphabetical.order };
  if (numerical) return { ...filter, kind: "numerical", order: numerical.order };
  throw new Error("the policy has no order: semver, alphabetical or numerical");
}

/** What the policy selects. @throws Error for a policy that cannot be read as Flux does, with the reason */
export const choose = (spec: Spec, tags: readonly string[]): Selection => selectTag(tagPolicy(spec), tags);

/** Why the policy leaves a tag out, were it the only one; `undefined` for one that it would take. */
export type Refusal = "filter" | "range" | "version";

/** Asks for other ranges, because Flux has one sentence for a tag that is no version and for one out of range. */
export function refusalOf(spec: Spec, tag: string): Refusal | undefined {
  const selection = choose(spec, [tag]);
  if (selection.kind === "selected") return undefined;
  if (selection.reason === emptyList) return "filter";
  const isBounded = spec.policy.semver !== undefined;
  const unbounded = choose(isBounded ? { ...spec, policy: { semver: { range: ">=0.0.0-0" } } } : spec, [tag]);
  return unbounded.kind === "selected" ? "range" : "version";
}
