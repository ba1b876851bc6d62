/** SHELL: asks the shells themselves whether the scripts of user data can be read; nothing of them is run. */
import { spawn } from "node:child_process";
import type { NodeFile } from "./cloud-config.ts";

/** By the first line, as the kernel or shellcheck reads it; `undefined` for what is no script. */
function shellOf({ content }: NodeFile): string | undefined {
  return /^#!\s*\/\S*?(?:env\s+)?\b(bash|sh)\s*\n|^# shellcheck shell=(bash|sh)\b/
    .exec(content)
    ?.slice(1)
    .find(Boolean);
}

function complaint(shell: string, { path, content }: NodeFile): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(shell, ["-n"], {
      stdio: ["pipe", "ignore", "pipe"],
      env: { PATH: process.env["PATH"], LC_ALL: "C" },
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", ({ message }) => resolve(`${path} could not be checked by ${shell} -n: ${message}`));
    child.on("close", (code) => resolve(code === 0 ? undefined : `${path} is no ${shell} script: ${stderr.trim()}`));
    // A shell that gave up early closes its end.
    child.stdin.on("error", () => undefined).end(content);
  });
}

/** What `bash -n` and `sh -n` say of every script, and programs below /usr/local/lib that are none. */
export async function syntaxProblems(files: readonly NodeFile[]): Promise<readonly string[]> {
  const programs = files.filter(({ permissions }) => permissions.startsWith("07"));
  const strange = programs.filter((file) => shellOf(file) === undefined);
  const scripts = files.flatMap((file) => {
    const shell = shellOf(file);
    return shell ? [complaint(shell, file)] : [];
  });
  const complaints = (await Promise.all(scripts)).filter((each) => each !== undefined);
  return [...strange.map(({ path }) => `${path} is executable, but its first line names no shell`), ...complaints];
}
