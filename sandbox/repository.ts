/** Reads and edits the sandbox's GitOps repository the way a person with a clone would. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" };

async function git(folder: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execute("git", ["-C", folder, ...args], { env, maxBuffer: 1 << 28 });
  return stdout;
}

/** A clone that exists as long as `use` runs. */
export async function withClone<T>(
  from: { readonly repository: string; readonly branch: string },
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "k3s-stages-clone-"));
  try {
    await git(tmpdir(), "clone", "--quiet", from.repository, folder);
    await git(folder, "checkout", "--quiet", "-B", from.branch, `origin/${from.branch}`).catch(() => undefined);
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Puts a file of a person's own into the repository, with a commit and a plain push. */
export async function commitAsPerson(
  folder: string,
  branch: string,
  file: { readonly path: string; readonly text: string },
) {
  writeFileSync(join(folder, file.path), file.text);
  await git(folder, "add", file.path);
  const author = ["-c", "user.name=A person", "-c", "user.email=person@example.com"];
  await git(folder, ...author, "commit", "--quiet", "-m", `docs: add ${file.path}`);
  await git(folder, "push", "--quiet", "origin", `HEAD:refs/heads/${branch}`);
}

/** Abbreviated hash of the commit that last changed a path. */
export const lastCommit = async (folder: string, path: string): Promise<string> =>
  (await git(folder, "log", "-1", "--format=%h", "--", path)).trim();

export const commitCount = async (folder: string): Promise<number> =>
  Number((await git(folder, "rev-list", "--count", "HEAD")).trim());
