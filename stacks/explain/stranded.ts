import { parseDocument } from "yaml";
import { parseImage } from "../publish/image.ts";
import { setters } from "../publish/setters.ts";
import { type ImagePolicy, imagePolicyOf } from "../tree/image-objects.ts";
import type { Files } from "../tree/manifests.ts";
import { refusalOf } from "./choose.ts";

/** A tag that runs and that its policy, as it is to be, does not take. */
export interface Stranded {
  readonly file: string;
  readonly policy: string;
  readonly tag: string;
}

function policyIn(text: string): ImagePolicy | undefined {
  return /^kind: ImagePolicy$/m.test(text) ? imagePolicyOf(parseDocument(text).toJS()) : undefined;
}

/** Of the policies in some files, those whose tag Flux will replace at once, maybe by a lower one: it knows no way back. */
export function strandedTags(policies: Files, all: Files): readonly Stranded[] {
  return [...policies].flatMap(([file, text]) => {
    const policy = policyIn(text);
    if (!policy) return [];
    const id = `${policy.metadata.namespace}:${policy.metadata.name}`;
    const lines = [...all.values()].filter((each) => each.includes(`"${id}`)).flatMap(setters);
    const own = lines.filter(({ marker }) => marker.policy === id && marker.part === "image");
    const tags = [...new Set(own.flatMap(({ value }) => parseImage(value).tag ?? []))];
    const stranded = tags.filter((tag) => refusalOf(policy.spec, tag) !== undefined);
    return stranded.map((tag) => ({ file, policy: id, tag }));
  });
}
