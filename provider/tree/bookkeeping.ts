import { createHash } from "node:crypto";
import { blanked, isScanned, keptSites, type Setter, version, withoutValues } from "../../stacks/tree/setters.ts";
import type { Texts, TreeInputs } from "./inputs.ts";

const valuesOf = (kept: readonly Setter[]): string => kept.map(version).join(" ");

const digest = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);

/** What the next run has to know of this configuration. Throws yaml's own error when a file with a marker is no YAML. */
export function bookkeeping(files: Texts): Pick<TreeInputs, "configured" | "seeds"> {
  const all = [...files].map(([path, text]) => {
    if (!isScanned(path)) return { path, configured: digest(withoutValues(text)), seeds: "" };
    const kept = keptSites(text);
    return { path, configured: digest(blanked(text, kept)), seeds: valuesOf(kept) };
  });
  return {
    configured: new Map(all.map(({ path, configured }) => [path, configured])),
    seeds: new Map(all.flatMap(({ path, seeds }) => (seeds === "" ? [] : [[path, seeds]]))),
  };
}

export interface EditedSeed {
  readonly path: string;
  readonly configured: string;
  readonly live: string;
}

/** First values that were edited although Flux has taken over: they change nothing, which has to be said. */
export function editedSeeds(old: TreeInputs, now: TreeInputs): readonly EditedSeed[] {
  return [...now.seeds].flatMap(([path, configured]) => {
    const before = old.seeds.get(path);
    const live = valuesOf(keptSites(now.files.get(path) ?? ""));
    return before !== undefined && before !== configured && live !== configured ? [{ path, configured, live }] : [];
  });
}
