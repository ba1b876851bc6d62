/** What decides on tags in some files: policies, and the scans that they look at. */

import { type ImagePolicy, type ImageRepository, imagePolicyOf, imageRepositoryOf } from "../tree/image-objects.ts";
import type { Files } from "../tree/manifests.ts";
import { documentIn } from "../yaml/read.ts";

export interface Rule {
  readonly file: string;
  readonly policy: ImagePolicy;
  readonly image: string | undefined;
  readonly exclusions: readonly string[];
}

/** `namespace:name`, as markers have it. */
export const idOf = ({
  policy: {
    metadata: { namespace, name },
  },
}: Rule): string => `${namespace}:${name}`;

/** What people broke is told elsewhere, where it matters (publish/merge.ts). */
export function unlessBroken<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

const parsed = (text: string): unknown => unlessBroken(() => documentIn(text), undefined);

const objects = <T>(files: Files, kind: string, read: (value: unknown) => T | undefined) =>
  [...files].flatMap(([file, text]) => {
    const found = new RegExp(`^kind: ${kind}$`, "m").test(text) ? read(parsed(text)) : undefined;
    return found ? [{ file, found }] : [];
  });

/** Every policy in some files, with what its scan hides. */
export function rulesIn(files: Files): readonly Rule[] {
  const repositories = objects(files, "ImageRepository", imageRepositoryOf).map(({ found }) => found);
  const scanned = ({ metadata, spec: { imageRepositoryRef: ref } }: ImagePolicy): ImageRepository | undefined =>
    repositories.find((each) => {
      return each.metadata.name === ref.name && each.metadata.namespace === (ref.namespace ?? metadata.namespace);
    });
  return objects(files, "ImagePolicy", imagePolicyOf).map(({ file, found }) => {
    const { image, exclusionList = [] } = scanned(found)?.spec ?? {};
    return { file, policy: found, image, exclusions: exclusionList };
  });
}

/** What decides on tags, as text, to see whether it changes. */
export const decisive = ({ policy: { spec }, exclusions }: Rule): string =>
  JSON.stringify([spec.filterTags, spec.policy, exclusions]);
