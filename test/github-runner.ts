/** A STAND-IN for GitHub's runner: a step of a workflow as one runs it, with its variables, beside a stand-in for `gh`. */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { gitRemote } from "./git-remote.ts";

type Remote = ReturnType<typeof gitRemote>;

/** `standIn` is a file of this folder. */
export function placeGh({ folder }: Remote, standIn: string): void {
  const gh = join(folder, "bin/gh");
  mkdirSync(dirname(gh));
  const file = join(import.meta.dirname, standIn);
  writeFileSync(gh, `#!/bin/sh\nexec '${process.execPath}' '${file}' "$@"\n`, { mode: 0o755 });
}

export function runStep({ folder, url }: Remote, script: string, env: NodeJS.ProcessEnv) {
  const temp = join(folder, "runner");
  rmSync(temp, { recursive: true, force: true });
  mkdirSync(temp);
  const owner = basename(folder);
  const { status, stdout, stderr } = spawnSync("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", script], {
    encoding: "utf8",
    env: {
      PATH: `${join(folder, "bin")}:${process.env["PATH"]}`,
      ...{ GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null", RUNNER_TEMP: temp },
      GITHUB_SERVER_URL: pathToFileURL(dirname(folder)).href,
      GITHUB_REPOSITORY: `${owner}/remote.git`,
      GITHUB_REPOSITORY_OWNER: owner,
      ...{ FAKE_GH_FOLDER: folder, FAKE_GH_REMOTE: url },
      ...env,
    },
  });
  return { status, output: `${stdout}${stderr}` };
}
