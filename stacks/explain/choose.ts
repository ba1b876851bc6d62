import { type Selection, selectTag } from "../gitops/select.ts";
import type { ImagePolicy } from "../tree/image-objects.ts";

type Spec = ImagePolicy["spec"];

/** Flux's words when the filter leaves nothing (image-reflector-controller internal/policy/semver.go). */
const emptyList = "version list argument cannot be empty";

/** What the policy selects. @throws Error for a policy that cannot be read as Flux does, with the reason */
export function choose({ filterTags, policy }: Spec, tags: readonly string[]): Selection {
  const { pattern = "", extract } = filterTags ?? {};
  if (!policy.semver || extract) throw new Error("only policies by semver, without extract, can be evaluated");
  return selectTag({ pattern, range: policy.semver.range }, tags);
}

/** Why the policy leaves a tag out, were it the only one; `undefined` for one that it would take. */
export type Refusal = "filter" | "range" | "version";

/** Asks for other ranges, because Flux has one sentence for a tag that is no version and for one out of range. */
export function refusalOf(spec: Spec, tag: string): Refusal | undefined {
  const selection = choose(spec, [tag]);
  if (selection.kind === "selected") return undefined;
  if (selection.reason === emptyList) return "filter";
  const unbounded = choose({ ...spec, policy: { semver: { range: ">=0.0.0-0" } } }, [tag]);
  return unbounded.kind === "selected" ? "range" : "version";
}
