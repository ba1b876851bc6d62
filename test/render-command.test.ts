import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { renderCommand } from "../commands/render.ts";
import { placeSeed } from "./sources.ts";

let folder = "";
let project = "";
let out = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "k3s-stages-render-"));
  project = join(folder, "project");
  out = join(folder, "out");
  placeSeed(project);
});

afterEach(() => rmSync(folder, { recursive: true }));

const run = (...args: readonly string[]) => renderCommand(args, project);

const filesIn = (path: string) =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .toSorted();

describe("npm run render", () => {
  it("writes the golden tree and the empty files that flux bootstrap fills", () => {
    const golden = join(import.meta.dirname, "golden/prod");
    const empty = ["gotk-components.yaml", "gotk-sync.yaml"].map((file) => `clusters/production/flux-system/${file}`);
    const { code, text } = run("--stage", "prod", "--out", out);
    expect({ code, text }).toEqual({
      code: 0,
      text: expect.stringMatching(/^\S+: 54 files of prod for Flux \d+\.\d+\.\d+, and 2 empty ones/),
    });
    expect(filesIn(out)).toEqual([...filesIn(golden), ...empty].toSorted());
    for (const path of filesIn(golden)) {
      expect(readFileSync(join(out, path), "utf8")).toBe(readFileSync(join(golden, path), "utf8"));
    }
    for (const path of empty) expect(readFileSync(join(out, path), "utf8")).toBe("");
  });

  it("writes nothing outside its folder", () => {
    const before = filesIn(folder);
    run("--stage", "prod", "--out", out);
    expect(filesIn(folder).filter((path) => !path.startsWith("out/"))).toEqual(before);
  });

  it("takes an empty folder", () => {
    mkdirSync(out);
    expect(run("--stage", "dev", "--out", out).code).toBe(0);
  });

  it("leaves a folder alone that has anything in it", () => {
    mkdirSync(out);
    writeFileSync(join(out, "note.txt"), "mine");
    expect(run("--stage", "dev", "--out", out)).toEqual({
      code: 1,
      text: `${out} is not empty, and nothing is overwritten: name a new folder, or empty it.`,
      isRefusal: true,
    });
    expect(filesIn(out)).toEqual(["note.txt"]);
  });

  it.each([
    ["a file", "project/Pulumi.yaml", "ENOTDIR"],
    ["a folder below a file", "project/Pulumi.yaml/out", "ENOTDIR"],
    ["a folder in a folder that is not there", "nowhere/out", "ENOENT"],
  ])("says that %s cannot be written", (_, path, code) => {
    const { text, ...rest } = run("--stage", "dev", "--out", join(folder, path));
    expect(rest).toEqual({ code: 1, isRefusal: true });
    expect(text).toContain(`cannot be written (${code}): name another folder.`);
  });

  it("names the stages when there is no such stage", () => {
    expect(run("--stage", "production", "--out", out)).toEqual({
      code: 2,
      text: "There is no stage production; Pulumi.yaml has dev, stage, prod.",
      isRefusal: true,
    });
  });

  it("says what is wrong with the configuration", () => {
    rmSync(join(project, "Pulumi.prod.yaml"));
    expect(run("--stage", "dev", "--out", out)).toMatchObject({
      code: 1,
      text: expect.stringContaining("there is no Pulumi.prod.yaml"),
    });
  });

  it.each([
    [[], "--stage is missing."],
    [["--stage", "dev"], "--out is missing."],
    [["--stage"], "--stage"],
    [["--stag", "dev"], "--stag"],
    [["dev"], "dev"],
  ])("shows the usage after %j, with exit code 2", (args, message) => {
    const { code, text } = run(...args);
    expect(code).toBe(2);
    expect(text.split("\n")[0]).toContain(message);
    expect(text).toContain("Usage: npm run render");
  });

  it("explains itself", () => {
    expect(run("--help")).toEqual({ code: 0, text: expect.stringContaining("Usage: npm run render") });
  });
});
