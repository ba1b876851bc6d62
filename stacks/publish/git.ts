import { randomUUID } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GitError, gitError, isLostRace, redacted, type Target } from "./git-failure.ts";
import { blobs, entriesOf, fastImport, type NewCommit } from "./git-format.ts";
import { type GitRun, gitIn } from "./git-process.ts";
import type { Entry } from "./head.ts";

export interface Snapshot {
  readonly commit: string | undefined;
  readonly entries: ReadonlyMap<string, Entry>;
}

export type RemoteArgs = Target & { readonly signal?: AbortSignal | undefined; readonly patience?: number | undefined };

/** One branch of one remote, through a private bare repository that leaves with the process. */
export interface Remote {
  /** The head as it is now. */
  readonly fetch: () => Promise<Snapshot>;
  /** Texts of those paths that are files at the snapshot. */
  readonly texts: (snapshot: Snapshot, paths: Iterable<string>) => Promise<ReadonlyMap<string, string>>;
  /** What `git log` prints with these arguments of all that led to the snapshot. */
  readonly log: (snapshot: Snapshot, args: readonly string[]) => Promise<string>;
  /** Makes a commit, locally. */
  readonly commit: (commit: NewCommit) => Promise<string>;
  /** Compare and swap: `false` when the branch moved on meanwhile. Never forced. */
  readonly push: (commit: string) => Promise<boolean>;
  readonly close: () => void;
}

const folders = new Set<string>();
process.on("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Nothing of ours runs for so long, and a process of another container may have the number of one that is gone here. */
const forgotten = 24 * 3_600_000;

function isGone(process_: number): boolean {
  try {
    process.kill(process_, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/** What a killed process could not take away, a key among it. */
function removeForgotten(): void {
  for (const name of readdirSync(tmpdir())) {
    const [, process_] = /^gitops-(\d+)-\w+$/.exec(name) ?? [];
    const folder = join(tmpdir(), name);
    const age = process_ ? Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) : 0;
    if (process_ && age > forgotten && isGone(Number(process_))) rmSync(folder, { recursive: true, force: true });
  }
}

/** A folder that goes with the process, if not before. */
export function passingFolder(): { readonly folder: string; readonly close: () => void } {
  removeForgotten();
  const folder = mkdtempSync(join(tmpdir(), `gitops-${process.pid}-`));
  folders.add(folder);
  const close = () => {
    rmSync(folder, { recursive: true, force: true });
    folders.delete(folder);
  };
  return { folder, close };
}

interface Repository {
  readonly target: Target;
  readonly run: ReturnType<typeof gitIn>;
  /** The output of a command that has to work. */
  readonly git: (args: readonly string[], input?: GitRun["input"]) => Promise<Buffer>;
  /** Texts by object id. */
  readonly known: Map<string, string>;
}

export async function repository(folder: string, target: RemoteArgs): Promise<Repository> {
  const bare = gitIn(folder, {});
  const made = await bare({ args: ["init", "--quiet", "--bare"] });
  if (!made.ok) throw gitError(made.output, target);
  const { stdout } = await bare({ args: ["config", "core.sshCommand"] });
  const { GIT_SSH_COMMAND: own = stdout.toString().trim() } = process.env;
  // Without a terminal nobody can answer ssh's questions.
  const ssh = own || "ssh -o BatchMode=yes -o ConnectTimeout=15";
  const command = gitIn(folder, target, ssh);
  const run = (args: GitRun) => command({ ...args, signal: target.signal });
  const git = async (args: readonly string[], input?: GitRun["input"]) => {
    const result = await run({ args, input });
    if (!result.ok) throw gitError(result.output, target);
    return result.stdout;
  };
  return { target, run, git, known: new Map() };
}

/** An empty repository is a good start; one with other branches means that the name is wrong. */
async function missingBranch({ target, git }: Repository): Promise<Snapshot> {
  const heads = (await git(["ls-remote", "--heads", "--", target.url])).toString().trim();
  if (heads === "") return { commit: undefined, entries: new Map() };
  const names = heads.split("\n").map((line) => line.split("refs/heads/")[1]);
  const wayOut = `create it, or configure one of: ${names.slice(0, 10).join(", ")}`;
  throw new GitError("not found", `${redacted(target.url, target.token)} has no branch ${target.branch}: ${wayOut}`);
}

async function fetchHead(repo: Repository): Promise<Snapshot> {
  const { url, branch } = repo.target;
  const options = ["--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head"];
  const fetched = await repo.run({ args: ["fetch", ...options, "--", url, `+refs/heads/${branch}:refs/publish/head`] });
  if (/couldn't find remote ref/.test(fetched.output)) return missingBranch(repo);
  if (!fetched.ok) throw gitError(fetched.output, repo.target);
  const commit = (await repo.git(["rev-parse", "refs/publish/head"])).toString().trim();
  return { commit, entries: entriesOf((await repo.git(["ls-tree", "-r", "-z", commit])).toString()) };
}

async function readTexts({ git, known }: Repository, { entries }: Snapshot, paths: Iterable<string>) {
  const files = [...new Set(paths)].flatMap((path) => {
    const entry = entries.get(path);
    return entry?.kind === "file" ? [[path, entry.id] as const] : [];
  });
  const wanted = files.map(([, id]) => id).filter((id) => !known.has(id));
  const batch = wanted.length > 0 ? await git(["cat-file", "--batch"], `${wanted.join("\n")}\n`) : Buffer.alloc(0);
  for (const [id, text] of blobs(batch)) known.set(id, text);
  return new Map(files.map(([path, id]) => [path, known.get(id) ?? ""]));
}

async function wholeLog({ git, target }: Repository, { commit = "" }: Snapshot, args: readonly string[]) {
  // The largest depth there is; --unshallow refuses a repository that is whole already.
  const options = ["--quiet", "--depth=2147483647", "--no-tags", "--no-write-fetch-head"];
  await git(["fetch", ...options, "--", target.url, `+refs/heads/${target.branch}:refs/publish/history`]);
  return (await git(["log", commit, ...args])).toString();
}

async function makeCommit({ git }: Repository, commit: NewCommit): Promise<string> {
  // A ref of its own each time: fast-import continues a ref that exists.
  const ref = `refs/publish/${randomUUID()}`;
  await git(["fast-import", "--quiet"], fastImport(ref, commit));
  return (await git(["rev-parse", ref])).toString().trim();
}

async function pushCommit({ run, target }: Repository, commit: string): Promise<boolean> {
  const pushed = await run({
    args: ["push", "--porcelain", "--", target.url, `${commit}:refs/heads/${target.branch}`],
  });
  if (!pushed.ok && !isLostRace(pushed.output)) throw gitError(pushed.output, target);
  return pushed.ok;
}

/** Reaches for nothing yet. Every failure, now and later, is a GitError that names the url and the way out. */
export async function openRemote(target: RemoteArgs): Promise<Remote> {
  const { folder, close } = passingFolder();
  const repo = await repository(folder, target);
  return {
    fetch: () => fetchHead(repo),
    texts: (snapshot, paths) => readTexts(repo, snapshot, paths),
    log: (snapshot, args) => wholeLog(repo, snapshot, args),
    commit: (commit) => makeCommit(repo, commit),
    push: (commit) => pushCommit(repo, commit),
    close,
  };
}
