import type { App } from "../config/fleet.ts";
import type { Patch } from "../config/infrastructure.ts";
import { sorted } from "./sorted.ts";
import type { KubeObject } from "./yaml.ts";

/** Entries of an overlay's kustomization.yaml, and the files that they name. */
export interface Additions {
  readonly files: readonly (readonly [file: string, patch: KubeObject])[];
  readonly patches: readonly object[];
}

/** Numbered as written: the order in which patches apply is then to be seen. */
const fileName = (index: number): string => `patch-${index + 1}.yaml`;

/** One operation a line. JSON is YAML, and a text has no comments, so it holds no marker (fluxcd/flux2#2826). */
const operations = (list: readonly object[]): string =>
  list.map((operation) => `- ${JSON.stringify(sorted(operation))}\n`).join("");

function entry(patch: Patch, index: number) {
  const target = patch.target ? { target: sorted(patch.target) } : {};
  switch (patch.kind) {
    case "merge":
      return { path: fileName(index), ...target };
    case "operations":
      return { patch: operations(patch.operations), ...target };
    case "file":
      return { path: patch.file, ...target };
  }
}

/** What people patch in one app and stage, after what is rendered. */
export function additions({ patches }: App): Additions {
  return {
    files: patches.flatMap((patch, index) =>
      patch.kind === "merge" ? [[fileName(index), sorted(patch.object)] as const] : [],
    ),
    patches: patches.map(entry),
  };
}
