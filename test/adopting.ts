/** Repositories that are adopted: the article's, and the article's with some files otherwise. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { adoptCommand } from "../commands/adopt.ts";
import type { Adoption } from "../stacks/adopt/adopt.ts";
import { placeSeed } from "./sources.ts";

export const article = join(import.meta.dirname, "adopt/article");

/** `null` removes a file. */
interface FileEdits {
  readonly [path: string]: string | null | ((text: string) => string);
}

/** Before each test a folder with a project in it, and room for a repository; what is given is of the test that runs. */
export function adopting() {
  const at = { folder: "", project: "", repo: "" };
  beforeEach(() => {
    at.folder = mkdtempSync(join(tmpdir(), "k3s-stages-adopt-"));
    at.project = join(at.folder, "project");
    at.repo = join(at.folder, "repo");
    placeSeed(at.project);
  });
  afterEach(() => rmSync(at.folder, { recursive: true }));

  const run = (...args: readonly string[]) => adoptCommand(args, at.project);
  const adopted = async (repo: string) => JSON.parse((await run("--repo", repo, "--json")).text) as Adoption;

  async function edited(edits: FileEdits): Promise<Adoption> {
    cpSync(article, at.repo, { recursive: true });
    for (const [path, edit] of Object.entries(edits)) {
      const file = join(at.repo, path);
      mkdirSync(dirname(file), { recursive: true });
      if (edit === null) rmSync(file);
      else writeFileSync(file, typeof edit === "string" ? edit : edit(readFileSync(file, "utf8")));
    }
    return adopted(at.repo);
  }
  return { at, run, adopted, edited };
}

export const filesIn = (path: string) =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .toSorted();

export const findings = (adoption: Adoption, code: string) =>
  adoption.findings
    .filter((each) => each.code === code)
    .map(({ path, line, message }) => `${path}:${line}: ${message}`);

export const updater = (cluster: string, file: string) =>
  `clusters/${cluster}/infrastructure/image-updater/blog/${file}`;
