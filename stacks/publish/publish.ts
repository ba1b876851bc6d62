import { setTimeout as sleep } from "node:timers/promises";
import type { Remote } from "./git.ts";
import { readHead, type Target } from "./head.ts";
import type { Plan } from "./merge.ts";
import { overtaken } from "./overtaken.ts";
import { PublishError, problemList } from "./problem.ts";
import type { Head, Snapshot } from "./snapshot.ts";
import { summary } from "./summary.ts";

/** Long enough where an exchange takes seconds and others commit every few, short enough to say so when the branch never rests. */
const deadline = 180_000;
/** Parts of it: 100 ms, and 3 s. */
const firstPause = 1 / 1800;
const longestPause = 1 / 60;

export interface Publication {
  readonly target: Target;
  readonly plan: (head: Head) => Plan;
  /** What the preview was made on: nothing that a person changed since is overwritten. */
  readonly seen?: Head | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds in which the push has to get through. */
  readonly patience?: number;
}

/** Who kept the push out: others who commit all the time, or nobody that one can see. */
function neverIn(patience: number, moved: boolean): PublishError {
  const time = `${patience / 1000} s`;
  if (moved)
    return new PublishError(`the branch got a new commit before every push for ${time}: run again when it rests`);
  const lock = "another push hangs there, or one that was killed left a lock (refs/heads/<branch>.lock)";
  return new PublishError(`the server lets nobody write to the branch, for ${time}, though it does not move: ${lock}`);
}

/** The changes of one attempt, or why there must be none. */
function decided({ plan, seen }: Publication, head: Head) {
  const now = plan(head);
  if (now.kind === "conflict") throw new PublishError(problemList(now.problems));
  const foreign = seen ? overtaken({ plan: plan(seen), head: seen }, { plan: now, head }) : [];
  if (foreign.length === 0) return now.kind === "commit" ? now.changes : [];
  const wayOut = "nothing was pushed; run the preview again";
  throw new PublishError(`changed by someone else while this update ran: ${foreign.join(", ")} (${wayOut})`);
}

/** Brings the branch to the plan in one commit, on whatever head there is at the end; gives that head's id, if there is one. */
export async function publish(remote: Remote, publication: Publication): Promise<string | undefined> {
  const { target, seen, signal, patience = deadline } = publication;
  const giveUp = Date.now() + patience;
  let snapshot: Snapshot = seen ?? (await remote.fetch());
  for (let pause = patience * firstPause; ; pause = Math.min(pause * 2, patience * longestPause)) {
    const changes = decided(publication, await readHead(remote, snapshot, target));
    if (changes.length === 0) return snapshot.commit;
    const seconds = Math.floor(Date.now() / 1000);
    const message = summary(target.stage, changes);
    const commit = await remote.commit({ parent: snapshot.commit, changes, message, seconds });
    if (await remote.push(commit)) return commit;
    const wait = pause * (0.5 + Math.random());
    if (Date.now() + wait > giveUp) throw neverIn(patience, (await remote.fetch()).commit !== snapshot.commit);
    await sleep(wait, undefined, { signal });
    snapshot = await remote.fetch();
  }
}
