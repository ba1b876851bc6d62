import { type RemoteArgs, repository } from "./git.ts";
import { gitError } from "./git-failure.ts";
import { passingFolder } from "./passing-folder.ts";

/** The commits of one branch, without their files. */
export interface History {
  /** Whether `later` is `earlier` or builds on it; a commit that the branch does not have builds on nothing. */
  readonly builds: (earlier: string, later: string) => Promise<boolean>;
  readonly close: () => void;
}

const isCommit = (name: string): boolean => /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(name);

/** Asks the remote only for what it does not know yet. Every failure is a GitError with the way out. */
export async function openHistory(target: RemoteArgs): Promise<History> {
  // Not the repository that publishes: its depth of one commit would cut every history short.
  const { folder, close } = passingFolder();
  const { run, init } = repository(folder, target);
  await init();
  const fetch = async () => {
    // A server that cannot leave the files out sends them, too.
    const options = ["--quiet", "--filter=tree:0", "--no-tags", "--no-write-fetch-head"];
    const refs = `+refs/heads/${target.branch}:refs/history/head`;
    const fetched = await run({ args: ["fetch", ...options, "--", target.url, refs] });
    if (!fetched.ok) throw gitError(fetched.output, target);
  };
  const has = async (commit: string) => (await run({ args: ["cat-file", "-e", `${commit}^{commit}`] })).ok;
  const builds = async (earlier: string, later: string) => {
    if (earlier === later) return true;
    if (!(isCommit(earlier) && isCommit(later))) return false;
    if (!(await has(later))) await fetch();
    return (await run({ args: ["merge-base", "--is-ancestor", earlier, later] })).ok;
  };
  return { builds, close };
}
