/** Which ssh git is told to use: the user's own, else one that asks nothing. A script on the PATH stands in for ssh. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { openRemote } from "../stacks/publish/git.ts";
import { GitError } from "../stacks/publish/git-failure.ts";

let folder: string;
const log = () => readFileSync(join(folder, "log"), "utf8").trim();

function command(name: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\necho ${name} "$@" >> ${JSON.stringify(join(folder, "log"))}\nexit 255\n`);
  chmodSync(path, 0o755);
  return path;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ssh of a user "));
  command("ssh");
  vi.stubEnv("PATH", `${folder}${delimiter}${process.env["PATH"]}`);
  vi.stubEnv("GIT_CONFIG_GLOBAL", join(folder, "gitconfig"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

async function asked(): Promise<string> {
  const remote = openRemote({ url: "ssh://git@git.example.com/acme/gitops", branch: "main" });
  await expect(remote.tip()).rejects.toThrow(GitError);
  remote.close();
  return log();
}

it("asks nobody for a password or a host key, and waits no longer than 15 s for a host", async () => {
  expect(await asked()).toMatch(
    /^ssh -o BatchMode=yes -o ConnectTimeout=15 (-o SendEnv=GIT_PROTOCOL )?git@git.example.com git-upload-pack/,
  );
});

it("leaves the choice to core.sshCommand", async () => {
  writeFileSync(join(folder, "gitconfig"), `[core]\n\tsshCommand = ${JSON.stringify(`'${command("mine")}' -4`)}\n`);
  expect(await asked()).toMatch(/^mine -4 .*git-upload-pack/s);
});

it.each(["GIT_SSH", "GIT_SSH_COMMAND"])("leaves the choice to %s", async (name) => {
  const path = command("mine");
  vi.stubEnv(name, name === "GIT_SSH" ? path : `'${path}'`);
  expect(await asked()).toMatch(/^mine .*git-upload-pack/s);
});

const hasShellcheck = spawnSync("shellcheck", ["--version"]).status === 0;

it.runIf(hasShellcheck || process.env["CI"] === "true")("is a script that shellcheck finds nothing wrong with", () => {
  const script = join(import.meta.dirname, "../stacks/publish/without-questions/ssh");
  const { stdout } = spawnSync("shellcheck", [script], { encoding: "utf8" });
  expect(stdout).toBe("");
});
