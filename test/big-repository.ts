/** A repository as large as one likes, with files of people, made by git fast-import. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { finished } from "node:stream/promises";

export interface Size {
  readonly files: number;
  readonly commits: number;
  /** Of each file. */
  readonly bytes: number;
}

/** Two hundred a folder, hex that no packing makes much smaller. */
const path = (index: number): string => `teams/team-${Math.floor(index / 200)}/file-${index % 200}.txt`;

function text(seed: string, bytes: number): string {
  const parts = Array.from({ length: Math.ceil(bytes / 64) }, (_, index) =>
    createHash("sha256").update(`${seed} ${index}`).digest("hex"),
  );
  return `${parts.join("\n").slice(0, bytes - 1)}\n`;
}

function commit(number: number, size: Size): string {
  const changed = number === 0 ? Array.from({ length: size.files }, (_, index) => index) : [number % size.files];
  const files = changed.map((index) => {
    const content = text(`${index} ${number}`, size.bytes);
    return `M 100644 inline ${path(index)}\ndata ${content.length}\n${content}\n`;
  });
  const message = `change ${number}`;
  const who = `committer someone <someone@example.com> ${1_700_000_000 + number} +0000`;
  return `commit refs/heads/main\n${who}\ndata ${message.length}\n${message}\n${files.join("")}`;
}

/** Fills an empty bare repository: all files in the first commit, one changed in each other. */
export async function fill(folder: string, size: Size): Promise<void> {
  const git = spawn("git", ["fast-import", "--quiet"], { cwd: folder, stdio: ["pipe", "ignore", "inherit"] });
  const ended = once(git, "close");
  for (let number = 0; number < size.commits; number += 1)
    if (!git.stdin.write(commit(number, size))) await once(git.stdin, "drain");
  await finished(git.stdin.end());
  const [code] = await ended;
  if (code !== 0) throw new Error(`git fast-import ended with ${code}`);
}
