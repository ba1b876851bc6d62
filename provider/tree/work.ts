/** What a tree's requests do: Check is the plan, so what a preview shows is what the commit will hold. */

import { readHead } from "../../stacks/publish/head.ts";
import { type PlanArgs, plan, release, withLiveValues } from "../../stacks/publish/merge.ts";
import { manifestPath, ownership } from "../../stacks/publish/ownership.ts";
import { problemList } from "../../stacks/publish/problem.ts";
import { publish } from "../../stacks/publish/publish.ts";
import type { Remotes } from "../remotes.ts";
import type { CheckRequest, CreateRequest, ExistingRequest, State } from "../resource.ts";
import { type Properties, unknown } from "../values.ts";
import { bookkeeping } from "./bookkeeping.ts";
import { exact } from "./exact.ts";
import {
  desiredFiles,
  hasUnknowns,
  isSame,
  secretFailures,
  type TreeInputs,
  treeInputs,
  treeProperties,
  unchangedFiles,
} from "./inputs.ts";
import { notes } from "./notes.ts";
import { targetOf } from "./read.ts";

type Settings = Omit<PlanArgs, "desired" | "head">;

const settingsOf = (now: TreeInputs, old: TreeInputs): Settings => ({
  stage: now.stage,
  path: now.path,
  placeholders: now.placeholders,
  formerPath: old.path || undefined,
  unchanged: unchangedFiles(old, now),
});

/** In another repository, or another branch, a file begins with the tag that ran so far, not with the first one. */
function carriedOver({ files }: TreeInputs, old: TreeInputs): ReadonlyMap<string, string> {
  return new Map(
    [...files].map(([path, text]) => {
      const kept = withLiveValues(path, text, old.files.get(path) ?? text);
      return [path, "text" in kept ? kept.text : text];
    }),
  );
}

export async function check(open: Remotes, { inputs, secrets, oldInputs, log, signal }: CheckRequest) {
  const secretly = secretFailures(inputs["files"], secrets);
  if (secretly.length > 0 || hasUnknowns(inputs)) return { inputs, failures: secretly };
  const raw = treeInputs(inputs);
  const now = { ...raw, ...bookkeeping(raw.files) };
  const old = treeInputs(oldInputs);
  const { remote, snapshot, settled } = open.at({ ...now, signal });
  if (settled.has(now.stage) && isSame(old, now)) return { inputs: treeProperties({ ...now, files: old.files }) };
  const head = await readHead(remote, await snapshot(), targetOf(now, old));
  const moved = old.url !== "" && (old.url !== now.url || old.branch !== now.branch);
  const desired = moved ? carriedOver(now, old) : now.files;
  const planned = plan({ ...settingsOf(now, old), desired, head });
  if (planned.kind === "conflict") {
    // The engine looks a property up by its first name only and would print "value {<nil>}"; the reason names the file.
    return { inputs, failures: planned.problems.map((one) => ({ property: "", reason: problemList([one]) })) };
  }
  const changes = planned.kind === "commit" ? planned.changes : [];
  const written = new Map(changes.map((change) => [change.path, change.kind === "delete" ? "" : change.text]));
  const paths = [...desired.keys(), manifestPath(now.path)];
  const files = new Map(paths.map((path) => [path, written.get(path) ?? head.texts.get(path) ?? ""]));
  const effective = { ...now, files };
  const owners = ownership(head, now.stage, targetOf(now, old).clusters);
  for (const [severity, message] of notes({ old, now: effective, changes, owners })) await log(severity, message);
  return { inputs: treeProperties(effective) };
}

export async function write(open: Remotes, request: CreateRequest, oldInputs: Properties): Promise<State> {
  if (request.preview) return { outputs: { commit: unknown }, refreshBeforeUpdate: true };
  const now = treeInputs(request.inputs);
  const old = treeInputs(oldInputs);
  const desired = desiredFiles(now);
  const { remote, seen, forget } = open.at({ ...now, signal: request.signal });
  const snapshot = await seen();
  forget();
  const target = targetOf(now, old);
  let isSeen = true;
  const fetch = () => {
    isSeen = false;
    return remote.fetch();
  };
  const commit = await publish(
    { ...remote, fetch },
    {
      target,
      plan: (head) => plan({ ...settingsOf(now, old), desired, head }),
      seen: snapshot && (await readHead(remote, snapshot, target)),
      signal: request.signal,
    },
  );
  const outputs = { commit: commit ?? "", ...(commit && isSeen ? { [exact]: commit } : {}) };
  return { outputs, refreshBeforeUpdate: true };
}

export async function remove(open: Remotes, { inputs, signal }: ExistingRequest): Promise<void> {
  const old = treeInputs(inputs);
  const { remote, forget } = open.at({ ...old, signal });
  forget();
  const target = { stage: old.stage, clusters: [old.path], paths: old.placeholders };
  await publish(remote, { target, plan: (head) => release({ ...settingsOf(old, old), head }), signal });
}
