/** What the remote holds of a tree. It needs no parser: a run's first plugin does this and nothing else. */
import { readHead, type Target } from "../../stacks/publish/head.ts";
import { ownership } from "../../stacks/publish/ownership.ts";
import type { Remotes } from "../remotes.ts";
import type { ExistingRequest, Found } from "../resource.ts";
import { type TreeInputs, treeInputs, treeProperties } from "./inputs.ts";

export const targetOf = (now: TreeInputs, old: TreeInputs): Target => ({
  stage: now.stage,
  clusters: [now.path, old.path || now.path],
  // Of a placeholder it matters only whether it is there: bootstrap fills it with half a megabyte.
  paths: [...now.files.keys()],
  likely: [...old.files.values(), ...now.files.values()],
});

/** Missing files are left out, so that they show as additions. */
export async function read(open: Remotes, { id, inputs, outputs, signal }: ExistingRequest): Promise<Found> {
  const old = treeInputs(inputs);
  const { remote, snapshot } = open.at({ ...old, signal });
  const head = await readHead(remote, await snapshot(), targetOf(old, old));
  const { own } = ownership(head, old.stage, [old.path]);
  const texts = [...new Set([...old.files.keys(), ...own])].map((path) => [path, head.texts.get(path)] as const);
  const files = new Map(texts.filter((entry): entry is [string, string] => entry[1] !== undefined));
  const placeholders = old.placeholders.filter((path) => head.entries.has(path));
  return { id, inputs: treeProperties({ ...old, files, placeholders }), outputs, refreshBeforeUpdate: true };
}
