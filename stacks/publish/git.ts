import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { GitError, gitError, isLostRace, redacted, type Target } from "./git-failure.ts";
import { blobId, blobs, entriesOf, fastImport, type NewCommit } from "./git-format.ts";
import { type GitRun, gitIn } from "./git-process.ts";
import { passingFolder } from "./passing-folder.ts";
import type { Snapshot } from "./snapshot.ts";

export type RemoteArgs = Target & { readonly signal?: AbortSignal | undefined; readonly patience?: number | undefined };

export interface Patches {
  /** Of `git log`; patches without context are asked for anyway. */
  readonly options: readonly string[];
  readonly paths: readonly string[];
}

/** One branch of one remote, through a private bare repository that leaves with the process. */
export interface Remote {
  /** The head's commit as it is now, at the price of one `ls-remote`; `undefined` where there is no branch. */
  readonly tip: () => Promise<string | undefined>;
  /** Makes the private repository while the remote is asked; a fetch that finds none makes it too. */
  readonly prepare: () => void;
  /** The head as it is now, or was when its tip was asked for: its folders, and no text of theirs. */
  readonly fetch: (tip?: string) => Promise<Snapshot>;
  /** Texts of those paths that are files at the snapshot. What is one of the `likely` ones is not fetched. */
  readonly texts: (
    snapshot: Snapshot,
    paths: Iterable<string>,
    likely?: Iterable<string>,
  ) => Promise<ReadonlyMap<string, string>>;
  /** What `git log` prints of these paths in all that led to the snapshot. */
  readonly log: (snapshot: Snapshot, patches: Patches) => Promise<string>;
  /** Makes a commit, locally. */
  readonly commit: (commit: NewCommit) => Promise<string>;
  /** Compare and swap: `false` when the branch moved on meanwhile. Never forced. */
  readonly push: (commit: string) => Promise<boolean>;
  readonly close: () => void;
}

interface Repository {
  readonly folder: string;
  readonly target: Target;
  readonly run: ReturnType<typeof gitIn>;
  /** The output of a command that has to work. */
  readonly git: (args: readonly string[], input?: GitRun["input"]) => Promise<Buffer>;
  /** Makes it, if it is not there yet. */
  readonly init: () => Promise<unknown>;
  /** Texts by object id. */
  readonly known: Map<string, string>;
  /** A host that cannot leave texts out has sent all of them. */
  readonly has: { everything: boolean };
}

export function repository(folder: string, target: RemoteArgs): Repository {
  const command = gitIn(folder, target);
  const run = (args: GitRun) => command({ ...args, signal: target.signal });
  const git = async (args: readonly string[], input?: GitRun["input"]) => {
    const result = await run({ args, input });
    if (!result.ok) throw gitError(result.output, target);
    return result.stdout;
  };
  let made: Promise<unknown> | undefined;
  const init = () => {
    // Without the template's hooks and examples, which take most of the time.
    made ??= git(["init", "--quiet", "--bare", "--template="]);
    return made;
  };
  return { folder, target, run, git, init, known: new Map(), has: { everything: false } };
}

async function tipOf({ git, target: { url, branch } }: Repository): Promise<string | undefined> {
  const ref = `refs/heads/${branch}`;
  const lines = (await git(["ls-remote", "--", url, ref])).toString().split("\n");
  return lines.map((line) => line.split("\t")).find(([, name]) => name === ref)?.[0];
}

/** An empty repository is a good start; one with other branches means that the name is wrong. */
async function missingBranch({ target, git }: Repository): Promise<Snapshot> {
  const heads = (await git(["ls-remote", "--heads", "--", target.url])).toString().trim();
  if (heads === "") return { commit: undefined, entries: new Map() };
  const names = heads.split("\n").map((line) => line.split("refs/heads/")[1]);
  const wayOut = `create it, or configure one of: ${names.slice(0, 10).join(", ")}`;
  throw new GitError("not found", `${redacted(target.url, target.token)} has no branch ${target.branch}: ${wayOut}`);
}

const head = "refs/publish/head";

/** Partial clone: an exchange grows with what is changed, not with what the repository holds. */
const fetching = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--filter=blob:none"];

/** From its file, which saves a process; from git, where it keeps references otherwise. */
async function fetchedCommit({ folder, git }: Repository): Promise<string> {
  const kept = await readFile(join(folder, head), "utf8").catch(() => git(["rev-parse", head]));
  return `${kept}`.trim();
}

/** A commit that is known by its id needs no exchange about names (gitprotocol-v2, `ls-refs`). */
async function fetchHead(repo: Repository, tip?: string): Promise<Snapshot> {
  const { url, branch } = repo.target;
  await repo.init();
  const fetched = await repo.run({
    args: [...fetching, "--depth=1", "--", url, `+${tip ?? `refs/heads/${branch}`}:${head}`],
  });
  // A host that gives nothing but what its names lead to, and they lead elsewhere by now.
  if (tip && /not our ref|unadvertised object/.test(fetched.output)) return fetchHead(repo);
  if (/couldn't find remote ref/.test(fetched.output)) return missingBranch(repo);
  if (!fetched.ok) throw gitError(fetched.output, repo.target);
  if (/filtering not recognized by server/.test(fetched.output)) repo.has.everything = true;
  const [commit, listing] = await Promise.all([fetchedCommit(repo), repo.git(["ls-tree", "-r", "-z", head])]);
  return { commit, entries: entriesOf(`${listing}`) };
}

/** All in one exchange, as git's own checkout does it (promisor-remote.c); one by one, git would fetch what it misses. */
async function fetchObjects({ git, target, has }: Repository, ids: readonly string[]): Promise<void> {
  if (has.everything || ids.length === 0) return;
  const args = ["-c", "fetch.negotiationAlgorithm=noop", ...fetching, "--stdin", "--", target.url];
  await git(args, `${ids.join("\n")}\n`);
}

async function readTexts(repo: Repository, files: readonly (readonly [path: string, id: string])[]) {
  const { git, known } = repo;
  const wanted = [...new Set(files.map(([, id]) => id).filter((id) => !known.has(id)))];
  await fetchObjects(repo, wanted);
  const batch = wanted.length > 0 ? await git(["cat-file", "--batch"], `${wanted.join("\n")}\n`) : Buffer.alloc(0);
  for (const [id, text] of blobs(batch)) known.set(id, text);
  return new Map(files.map(([path, id]) => [path, known.get(id) ?? ""]));
}

function filesAt({ entries }: Snapshot, paths: Iterable<string>) {
  return [...new Set(paths)].flatMap((path) => {
    const entry = entries.get(path);
    return entry?.kind === "file" ? [[path, entry.id] as const] : [];
  });
}

async function wholeLog(repo: Repository, { commit = "" }: Snapshot, { options, paths }: Patches): Promise<string> {
  const { git, target } = repo;
  // The largest depth there is; --unshallow refuses a repository that is whole already.
  const refs = `+refs/heads/${target.branch}:refs/publish/history`;
  await git([...fetching, "--depth=2147483647", "--", target.url, refs]);
  const log = async (...how: readonly string[]) =>
    (await git(["log", commit, ...options, ...how, "--", ...paths])).toString();
  const raw = await log("--raw", "--no-abbrev");
  const ids = [...raw.matchAll(/^:\d+ \d+ ([0-9a-f]+) ([0-9a-f]+) /gm)].flatMap(([, from = "", to = ""]) => [from, to]);
  await fetchObjects(
    repo,
    [...new Set(ids)].filter((id) => !/^0+$/.test(id)),
  );
  return log("--patch", "--unified=0");
}

async function makeCommit({ git }: Repository, commit: NewCommit): Promise<string> {
  // A ref of its own each time: fast-import continues a ref that exists.
  const ref = `refs/publish/${randomUUID()}`;
  return (await git(["fast-import", "--quiet"], fastImport(ref, commit))).toString().trim();
}

async function pushCommit({ run, target }: Repository, commit: string): Promise<boolean> {
  const pushed = await run({
    args: ["push", "--porcelain", "--", target.url, `${commit}:refs/heads/${target.branch}`],
  });
  if (!pushed.ok && !isLostRace(pushed.output)) throw gitError(pushed.output, target);
  return pushed.ok;
}

/** Reaches for nothing yet. Every failure, now and later, is a GitError that names the url and the way out. */
export function openRemote(target: RemoteArgs): Remote {
  const { folder, close } = passingFolder();
  const repo = repository(folder, target);
  return {
    tip: () => tipOf(repo),
    // What went wrong is told by the fetch, which waits for it.
    prepare: () => void repo.init().catch(() => undefined),
    fetch: (tip) => fetchHead(repo, tip),
    texts: (snapshot, paths, likely = []) => {
      for (const text of likely) repo.known.set(blobId(text), text);
      return readTexts(repo, filesAt(snapshot, paths));
    },
    log: (snapshot, patches) => wholeLog(repo, snapshot, patches),
    commit: (commit) => makeCommit(repo, commit),
    push: (commit) => pushCommit(repo, commit),
    close,
  };
}
