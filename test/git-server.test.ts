import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type GitServer, startGit } from "../sandbox/git/server.ts";

const execute = promisify(execFile);
const root = mkdtempSync(join(tmpdir(), "k3s-stages-git-"));
let server: GitServer;

beforeAll(async () => {
  server = await startGit({ root });
  await server.createRepository("gitops.git");
});

afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true });
});

async function git(folder: string, ...args: readonly string[]): Promise<string> {
  const identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
  const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" };
  const { stdout } = await execute("git", ["-C", folder, ...identity, ...args], { env });
  return stdout.trim();
}

async function clone(name: string): Promise<string> {
  await git(root, "clone", "--quiet", server.url("gitops.git"), name);
  return join(root, name);
}

async function commit(folder: string, file: string, text: string): Promise<void> {
  writeFileSync(join(folder, file), text);
  await git(folder, "add", file);
  await git(folder, "commit", "--quiet", "-m", `add ${file}`);
}

describe("the sandbox's git server", () => {
  it("takes a push of megabytes and gives the same bytes back", async () => {
    const first = await clone("first");
    const text = `${"line of some length\n".repeat(200_000)}end\n`;
    await commit(first, "large", text);
    await git(first, "push", "--quiet", "origin", "HEAD:main");
    expect(readFileSync(join(await clone("second"), "large"), "utf8")).toBe(text);
  });

  it("refuses a push that is no fast-forward, forced or not", async () => {
    const [ours, theirs] = [await clone("ours"), await clone("theirs")];
    await commit(theirs, "theirs", "1");
    await git(theirs, "push", "--quiet", "origin", "HEAD:main");
    await commit(ours, "ours", "2");
    await expect(git(ours, "push", "origin", "HEAD:main")).rejects.toThrow("fetch first");
    await expect(git(ours, "push", "--force", "origin", "HEAD:main")).rejects.toThrow("denying non-fast-forward");
  });

  it("lets one of two simultaneous pushes win", async () => {
    const folders = [await clone("one"), await clone("two")];
    await Promise.all(folders.map((folder, index) => commit(folder, `file-${index}`, String(index))));
    const pushes = await Promise.allSettled(folders.map((folder) => git(folder, "push", "origin", "HEAD:main")));
    expect(pushes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  });

  it("says that a repository is not there", async () => {
    await expect(git(root, "ls-remote", server.url("other.git"))).rejects.toThrow("not found");
  });
});
