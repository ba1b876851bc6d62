/** A bare repository on disk and people who commit to it, for tests; `close` removes everything. */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Of somebody, without the settings of whoever runs the tests. */
export const gitEnv = {
  ...process.env,
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_SYSTEM: "/dev/null",
  GIT_AUTHOR_NAME: "someone",
  GIT_AUTHOR_EMAIL: "someone@example.com",
  GIT_COMMITTER_NAME: "someone",
  GIT_COMMITTER_EMAIL: "someone@example.com",
};

export function gitRemote() {
  const folder = mkdtempSync(join(tmpdir(), "gitops-test-"));
  const url = join(folder, "remote.git");
  const dated = (at: string | undefined) => (at ? { GIT_AUTHOR_DATE: at, GIT_COMMITTER_DATE: at } : {});
  let now: string | undefined;
  const git = (cwd: string, ...args: string[]) =>
    execFileSync("git", args, { cwd, env: { ...gitEnv, ...dated(now) }, encoding: "utf8", stdio: "pipe" });
  git(folder, "init", "--quiet", "--bare", "-b", "main", url);
  let clones = 0;

  return {
    url,
    folder,
    /** What a person, or Flux, does: clone, edit, commit, push. `undefined` deletes the file. */
    edit(changes: { readonly [path: string]: string | undefined | ((text: string) => string) }, branch = "main") {
      const clone = join(folder, `clone-${clones++}`);
      git(folder, "clone", "--quiet", url, clone);
      git(clone, "checkout", "--quiet", "-B", branch);
      for (const [path, change] of Object.entries(changes)) {
        const file = join(clone, path);
        mkdirSync(dirname(file), { recursive: true });
        if (change === undefined) rmSync(file);
        else writeFileSync(file, typeof change === "string" ? change : change(readFileSync(file, "utf8")));
      }
      git(clone, "add", "-A");
      git(clone, "commit", "--quiet", "-m", "by someone");
      git(clone, "push", "--quiet", "origin", branch);
    },
    /** From here on commits are made at that time; without one at the real one. */
    at(time?: string) {
      now = time;
    },
    /** Refuses every push, until what it gives is called. */
    refuse(words: string): () => void {
      const hook = join(url, "hooks", "pre-receive");
      writeFileSync(hook, `#!/bin/sh\necho "${words}" >&2\nexit 1\n`);
      chmodSync(hook, 0o755);
      return () => rmSync(hook);
    },
    git: (...args: string[]) => git(url, ...args).trim(),
    isAncestor: (commit: string, of: string) =>
      spawnSync("git", ["merge-base", "--is-ancestor", commit, of], { cwd: url, env: gitEnv }).status === 0,
    head: (branch = "main") => git(url, "rev-parse", branch).trim(),
    read: (path: string, branch = "main") => git(url, "show", `${branch}:${path}`),
    files: (branch = "main") => git(url, "ls-tree", "-r", "--name-only", branch).trim().split("\n").filter(Boolean),
    commits: (branch = "main") => git(url, "log", "--format=%s", branch).trim().split("\n"),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
