import type { Remote, Snapshot } from "./git.ts";
import { isManifest, ownership } from "./ownership.ts";

/** The remote branch as it stands: what lies at every path, and the texts that a plan needs. */
export interface Head {
  /** `undefined`: the branch does not exist yet. */
  readonly commit: string | undefined;
  readonly entries: ReadonlyMap<string, Entry>;
  readonly texts: ReadonlyMap<string, string>;
}

export interface Entry {
  readonly kind: "file" | "symlink" | "submodule";
  /** Git's object id: equal ids are equal contents. */
  readonly id: string;
}

export interface Target {
  readonly stage: string;
  /** The cluster's folder, and the one before this run. */
  readonly clusters: readonly string[];
  /** Whose texts are looked at, beside the lists of files and what they list. */
  readonly paths: readonly string[];
  /** Texts that some of them are likely to have, which are then not fetched. */
  readonly likely?: readonly string[];
}

/** A snapshot with the texts that a plan of this stage looks at. */
export async function readHead(remote: Remote, snapshot: Snapshot, target: Target): Promise<Head> {
  const { stage, clusters, paths, likely = [] } = target;
  const manifests = await remote.texts(snapshot, [...snapshot.entries.keys()].filter(isManifest), likely);
  const { own } = ownership({ ...snapshot, texts: manifests }, stage, clusters);
  return { ...snapshot, texts: await remote.texts(snapshot, [...manifests.keys(), ...own, ...paths]) };
}
