import { yamlText } from "../yaml/write.ts";

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly [key: string]: unknown;
}

/** Files by their path in the repository, each once, and the objects in them. */
export type Manifests = readonly (readonly [path: string, objects: readonly KubeObject[]])[];

const header = "# Rendered from the configuration: edit it there.";

/** In the fixed point of Flux's setter: two spaces, LF, no leading ---, one comment above the first object. */
export function toYaml(objects: readonly KubeObject[]): string {
  const texts = objects.map(yamlText).join("---\n");
  // One flat string: of thousands of files, the pieces that a concatenation keeps would be most of the memory.
  return [header, "\n", texts].join("");
}
