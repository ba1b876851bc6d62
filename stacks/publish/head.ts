import type { Remote } from "./git.ts";
import { isManifest, ownership } from "./ownership.ts";
import type { Head, Snapshot } from "./snapshot.ts";

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
