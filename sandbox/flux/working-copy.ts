/** A throw-away clone in which a stand-in commits and pushes, by real git that asks nothing and runs no hook. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Nothing of the person's own git configuration or credentials: the result is the same on every machine. */
const environment = {
  PATH: process.env["PATH"] ?? "",
  LC_ALL: "C",
  GIT_TERMINAL_PROMPT: "0",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
};

/** Milliseconds; GitRepository's own default is a minute. */
const timeout = 60_000;

export interface Author {
  readonly name: string;
  readonly email: string;
}

export type Push = { readonly kind: "pushed" } | { readonly kind: "refused"; readonly reason: string };

export interface WorkingCopy {
  /** Path to text of every file of the commit; symbolic links and submodules are left out. */
  files(): Promise<ReadonlyMap<string, string>>;
  /** Writes the files and commits what differs. @returns the commit, or `undefined` when nothing differs */
  commit(texts: ReadonlyMap<string, string>, how: CommitArgs): Promise<string | undefined>;
  push(branch: string, how?: { readonly force: boolean }): Promise<Push>;
}

export interface CommitArgs {
  readonly author: Author;
  readonly message: string;
}

export interface CheckoutArgs {
  /** Clone URL. */
  readonly repository: string;
  readonly branch: string;
  /** Branch to go on with; where the remote has none of that name it starts at `branch`. */
  readonly switchTo?: string | undefined;
}

interface Failure {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly message: string;
}

async function git(folder: string, args: readonly string[], env: { readonly [name: string]: string } = {}) {
  // Without symbolic links nothing that is written can land outside of the clone.
  const all = ["-C", folder, "-c", "core.hooksPath=/dev/null", "-c", "core.symlinks=false", ...args];
  const options = { env: { ...environment, ...env }, maxBuffer: 1 << 28, timeout };
  const { stdout } = await execute("git", all, options);
  return stdout;
}

async function files(folder: string): Promise<ReadonlyMap<string, string>> {
  const index = (await git(folder, ["ls-files", "--stage", "-z"])).split("\0").filter(Boolean);
  const paths = index.filter((entry) => entry.startsWith("100")).map((entry) => entry.slice(entry.indexOf("\t") + 1));
  return new Map(paths.map((path) => [path, readFileSync(join(folder, path), "utf8")]));
}

async function commit(folder: string, texts: ReadonlyMap<string, string>, { author, message }: CommitArgs) {
  for (const [path, text] of texts) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  await git(folder, ["add", "--all"]);
  if ((await git(folder, ["status", "--porcelain"])) === "") return undefined;
  const person = (role: string) => ({ [`GIT_${role}_NAME`]: author.name, [`GIT_${role}_EMAIL`]: author.email });
  const verbatim = ["commit", "--quiet", "--cleanup=verbatim", "--allow-empty-message", "--message", message];
  await git(folder, verbatim, { ...person("AUTHOR"), ...person("COMMITTER") });
  return (await git(folder, ["rev-parse", "HEAD"])).trim();
}

/** In the words of the controllers' own git client (fluxcd/pkg git/gogit/client.go). */
function refusal(branch: string, { stdout = "", stderr = "", message }: Failure): string {
  const isBehind = /\[rejected\] \((fetch first|non-fast-forward)\)/.test(stdout);
  const detail = isBehind ? `non-fast-forward update: refs/heads/${branch}` : stderr.trim() || message;
  return `failed to push to remote: ${detail}`;
}

async function push(folder: string, branch: string, force: boolean): Promise<Push> {
  const options = ["--porcelain", ...(force ? ["--force"] : [])];
  try {
    await git(folder, ["push", ...options, "origin", `HEAD:refs/heads/${branch}`]);
    return { kind: "pushed" };
  } catch (error) {
    return { kind: "refused", reason: refusal(branch, error as Failure) };
  }
}

async function checkOut(folder: string, { repository, branch, switchTo }: CheckoutArgs): Promise<void> {
  const width = switchTo ? ["--no-single-branch"] : ["--single-branch"];
  await git(folder, ["clone", "--quiet", "--depth=1", ...width, "--branch", branch, "--", repository, "."]);
  if (switchTo === undefined) return;
  const there = await git(folder, ["branch", "--remotes", "--list", `origin/${switchTo}`]);
  await git(folder, ["checkout", "--quiet", "-B", switchTo, there === "" ? "HEAD" : `origin/${switchTo}`]);
}

/** A fresh shallow clone that exists as long as `use` runs. Rejects with what git said when there is none to be had. */
export async function withWorkingCopy<T>(args: CheckoutArgs, use: (copy: WorkingCopy) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "k3s-stages-flux-"));
  try {
    await checkOut(folder, args).catch((error: Failure) => {
      throw new Error(`failed to checkout source: ${error.stderr?.trim() || error.message}`);
    });
    return await use({
      files: () => files(folder),
      commit: (texts, how) => commit(folder, texts, how),
      push: (branch, { force } = { force: false }) => push(folder, branch, force),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
