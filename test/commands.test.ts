/** What all commands have in common: a help that fits a terminal, and wrong options that begin nothing and end with 2. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { execute } from "../sandbox/process/execute.ts";
import { commands, fileOf, flagsOf, scriptOf, scripts } from "./documents.ts";

const root = join(import.meta.dirname, "..");
/** Biome's own command. */
const foreign = ["fix"];
const ours = Object.keys(scripts).filter((name) => !foreign.includes(name));

/** A folder that is no project, and no way out of it: whatever would be started or called leaves its name. */
const folder = mkdtempSync(join(tmpdir(), "commands-"));
const [project, bin, called] = [join(folder, "project"), join(folder, "bin"), join(folder, "called")];

beforeAll(() => {
  for (const path of [project, bin]) mkdirSync(path);
  for (const program of ["flux", "git", "go", "kubectl", "npm", "pulumi", "tar"])
    writeFileSync(join(bin, program), `#!/bin/sh\necho ${program} >>'${called}'\nexit 1\n`, { mode: 0o755 });
  const note = `fs.appendFileSync(${JSON.stringify(called)}, "network\\n")`;
  writeFileSync(
    join(folder, "alone.mjs"),
    `import fs from "node:fs";\nimport net from "node:net";\nnet.Socket.prototype.connect = net.Server.prototype.listen = () => {\n  ${note};\n  throw new Error("no network");\n};\n`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(file: string, ...args: readonly string[]) {
  const [path = "", ...own] = file.split(" ");
  const words = ["--import", join(folder, "alone.mjs"), join(root, path), ...own, ...args];
  const env = { ...process.env, PATH: bin, NODE_COMPILE_CACHE: join(root, "node_modules/.cache/compile") };
  return execute({ file: process.execPath, args: words, cwd: project, env });
}

const untouched = () => expect([existsSync(called), readdirSync(project)]).toEqual([false, []]);
const helps = new Map<string, string>();

describe.each(ours)("npm run %s", (script) => {
  it("says in 80 columns how it is used, and how it ends", async () => {
    const { code, stdout, stderr } = await run(fileOf(script), "--help");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    helps.set(script, stdout);
    expect(stdout).toMatch(/^Usage: .*npm (run )?[\w:-]+/);
    expect(stdout).toMatch(/^Ends with 0.*\s2\s(for|when)\s/ms);
    expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
    untouched();
  });

  it("ends with 2 for an option that there is not, and begins nothing", async () => {
    const { code, stdout, stderr } = await run(fileOf(script), "--nope");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/--nope|takes no words|Name a command/);
    expect(stderr).toContain("Usage: ");
    expect(stderr).not.toMatch(/\n\s+at /);
    untouched();
  });

  it("has the options that documents show it with", () => {
    const shown = commands.filter(({ text }) => text.startsWith("npm ") && scriptOf(text) === script);
    // What follows `npm run sandbox --` is Pulumi's.
    const words = shown
      .map(({ text }) => text.replace(/^npm (run \S+|\S+)( --)?/, ""))
      .filter(() => script !== "sandbox");
    for (const flag of new Set(words.flatMap(flagsOf))) expect(helps.get(script)).toContain(flag);
  });
});

describe("wrong options end with 2, whatever else is wrong, and begin nothing:", () => {
  it.each([
    ["bench", ["nothing"], "There is no bench nothing."],
    ["pins", ["k3s"], "Unexpected argument 'k3s'."],
    ["sweep", ["--stage", "moon"], "There is no stage moon; Pulumi.yaml has dev, stage, prod."],
    ["test:file", [], "Name a test file; npm test runs all of them."],
  ])("npm run %s -- %j", async (script, args, message) => {
    const { code, stdout, stderr } = await run(fileOf(script), ...args);
    expect({ code, stdout, first: stderr.split("\n")[0] }).toEqual({ code: 2, stdout: "", first: message });
    untouched();
  });

  it("the stages' names, for workflows", async () => {
    expect(await run("commands/stages.ts", "--yaml")).toMatchObject({ code: 2, stdout: "" });
    untouched();
  });
});
