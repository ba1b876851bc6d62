import { execFile } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "..");

const sandbox = (...words: string[]) =>
  new Promise<{ readonly code: unknown; readonly text: string }>((resolve) => {
    execFile(process.execPath, ["commands/sandbox.ts", ...words], { cwd: root }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, text: stdout + stderr }),
    );
  });

it.each([
  [["start", "--help"], 0, "Usage: npm start"],
  [["down", "-h"], 0, "Usage: npm start"],
  [["start", "dev"], 2, "start takes no words."],
  [["tag", "blog"], 2, "tag takes <app> <tag>."],
  [[], 2, "Name a command."],
])("npm run sandbox -- %j begins nothing, and says how it is used", async (words, code, first) => {
  const said = await sandbox(...words);
  expect(said).toEqual({ code, text: expect.stringContaining("Everything is kept in .sandbox/") });
  expect(said.text.split("\n")[0]).toBe(first);
});
