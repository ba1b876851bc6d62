import type { TagPolicy } from "../../stacks/config/tags/channel.ts";
import { selectTag } from "../../stacks/gitops/select.ts";
import type { Image } from "../../stacks/tree/image.ts";
import type { ClusterObjects } from "./cluster-objects.ts";
import type { ImagePolicy, ImageRepository } from "./objects.ts";

/** Every tag of an image such as `ghcr.io/acme/blog`. */
export type TagList = (image: string) => Promise<readonly string[]>;

/** `policy` is `namespace:name`, as markers call it. */
export type PolicyOutcome =
  | { readonly policy: string; readonly kind: "selected"; readonly image: Image }
  | { readonly policy: string; readonly kind: "none"; readonly reason: string };

/** What a scan of an image left to choose from. */
type Scan =
  | { readonly kind: "scanned"; readonly image: string; readonly tags: readonly string[] }
  | { readonly kind: "failed"; readonly reason: string };

export const idOf = ({ metadata }: ImageRepository | ImagePolicy): string => `${metadata.namespace}:${metadata.name}`;

/** Exclusions match anywhere in a tag (image-reflector-controller internal/controller/imagerepository_controller.go). */
async function scan({ spec }: ImageRepository, list: TagList): Promise<Scan> {
  if (spec.suspend) return { kind: "failed", reason: "its ImageRepository is suspended" };
  const exclusions = spec.exclusionList.map((pattern) => new RegExp(pattern));
  try {
    const tags = (await list(spec.image)).filter((tag) => !exclusions.some((exclusion) => exclusion.test(tag)));
    return { kind: "scanned", image: spec.image, tags };
  } catch (error) {
    return { kind: "failed", reason: `scan failed: ${error instanceof Error ? error.message : error}` };
  }
}

function tagPolicy({ spec: { filterTags, policy } }: ImagePolicy): TagPolicy {
  if ("semver" in policy) return { ...filterTags, range: policy.semver.range };
  if ("numerical" in policy) return { ...filterTags, kind: "numerical", order: policy.numerical.order };
  return { ...filterTags, kind: "alphabetical", order: policy.alphabetical.order };
}

function outcome(policy: ImagePolicy, scans: ReadonlyMap<string, Scan>): PolicyOutcome {
  const id = idOf(policy);
  const none = (reason: string): PolicyOutcome => ({ policy: id, kind: "none", reason });
  const { imageRepositoryRef, suspend } = policy.spec;
  if (suspend) return none("suspended");
  const scanned = scans.get(`${policy.metadata.namespace}:${imageRepositoryRef.name}`);
  if (!scanned) return none(`referenced ImageRepository does not exist: ${imageRepositoryRef.name}`);
  if (scanned.kind === "failed") return none(scanned.reason);
  const selection = selectTag(tagPolicy(policy), scanned.tags);
  if (selection.kind === "none") return none(selection.reason);
  return { policy: id, kind: "selected", image: { name: scanned.image, tag: selection.tag, digest: undefined } };
}

/**
 * Each policy's choice, sorted by name; every image is listed once per ImageRepository.
 * @throws Error for a filter or range that this project cannot read as Flux does
 */
export async function policyOutcomes(
  { repositories, policies }: ClusterObjects,
  list: TagList,
): Promise<readonly PolicyOutcome[]> {
  const scans = await Promise.all(repositories.map(async (each) => [idOf(each), await scan(each, list)] as const));
  const byId = new Map(scans);
  const sorted = policies.toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
  return sorted.map((policy) => outcome(policy, byId));
}
