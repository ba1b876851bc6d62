import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { explainCommand } from "../commands/explain.ts";
import { startRegistry } from "../sandbox/registry/server.ts";
import { gitRemote } from "./git-remote.ts";
import { renderedTree } from "./rendered-tree.ts";
import { placeSeed } from "./sources.ts";

vi.setConfig({ testTimeout: 60_000 });

const image = "ghcr.io/acme/blog";
const folder = mkdtempSync(join(tmpdir(), "k3s-stages-explain-"));
const project = join(folder, "project");
const repository = gitRemote();

beforeAll(() => {
  placeSeed(project);
  const files = renderedTree();
  repository.edit(files);
  repository.edit({ "apps/blog/prod/deployment-patch.yaml": (text) => text.replace("v1.9.31", "v1.9.40") });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, "tree", path)), { recursive: true });
    writeFileSync(join(folder, "tree", path), text);
  }
});
afterAll(() => {
  repository.close();
  rmSync(folder, { recursive: true });
});

const run = (...args: string[]) => explainCommand(args, { directory: project, environment: { DOCKER_CONFIG: folder } });

describe("npm run explain", () => {
  it("evaluates a fresh render without anything else", async () => {
    const { code, text } = await run(`${image}:v1.9.33`);
    expect(code).toBe(0);
    expect(text).toContain("prod: blog takes it\n  committed; the current tag is unknown, the first one is v1.9.31");
    expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  it("evaluates a repository with the tags that Flux wrote", async () => {
    const older = await run(`${image}:v1.9.33`, "--repo", repository.url);
    expect(older.text).toContain("not newer than the current tag v1.9.40");
    expect(older.code).toBe(1);
    const newer = await run(`${image}:v1.9.41`, "--repo", repository.url, "--branch", "main");
    expect(newer.text).toContain("committed in place of v1.9.40");
    expect(newer.code).toBe(0);
  });

  it("says of an image that nobody scans that nothing takes it", async () => {
    const { code, text } = await run("ghcr.io/acme/nope:v1.0.0");
    expect(code).toBe(1);
    expect(text).toContain("dev: nothing takes it\n  image unknown: no ImageRepository scans ghcr.io/acme/nope");
  });

  it("repeats no password of an address", async () => {
    const { url } = repository;
    const { text } = await run(`${image}:v1.9.41`, "--repo", `file://robot:s3cret@${url}`);
    expect(text).not.toContain("s3cret");
    expect(text).toContain(url);
  });

  it("says the stages in promotion order, or that nothing here knows it", async () => {
    const headings = (text: string) => [...text.matchAll(/^(\S+): blog/gm)].map(([, stage]) => stage);
    const known = await run(`${image}:v1.9.41`);
    expect(headings(known.text)).toEqual(["dev", "stage", "prod"]);
    const alone = { directory: folder, environment: {} };
    const { text } = await explainCommand([`${image}:v1.9.41`, "--repo", "tree"], alone);
    expect(headings(text)).toEqual(["clusters/dev", "clusters/production", "clusters/stage"]);
    const told = text.replaceAll(/\s+/g, " ");
    expect(told).toContain("asked of tree; by cluster path, as no Pulumi.yaml here has their promotion order");
  });

  it("evaluates a folder", async () => {
    const { code, text } = await run(`${image}:v1.9.33`, "--repo", "../tree");
    expect(text).toContain("clusters/production: blog takes it\n  committed in place of v1.9.31");
    expect(code).toBe(0);
  });

  it("ends with 1 when no stage takes the tag", async () => {
    expect((await run(`${image}:v1.9.33-rc.1`)).code).toBe(1);
  });

  it("prints JSON for pipelines in a shape that stays", async () => {
    const { text } = await run(`${image}:v1.9.41`, "--repo", repository.url, "--json");
    const answer = JSON.parse(text);
    expect(Object.keys(answer)).toEqual(["image", "tag", "stages"]);
    expect(answer).toMatchObject({ image, tag: "v1.9.41" });
    expect(answer.stages).toHaveLength(3);
    expect(answer.stages.map(({ stage }: { stage: string }) => stage)).toEqual([
      ...["clusters/dev", "clusters/stage", "clusters/production"],
    ]);
    expect(answer.stages[2]).toEqual({
      stage: "clusters/production",
      app: "blog",
      accepted: true,
      reason: "committed in place of v1.9.40",
      policy: "blog:blog-prod",
      file: "apps/blog/prod/deployment-patch.yaml",
      line: 12,
    });
  });

  it("says what would run of tags in a file, a line each or as a JSON list", async () => {
    for (const text of ["v1.9.31\nv1.9.32\nlatest\n", '["v1.9.31", "v1.9.32", "latest"]']) {
      writeFileSync(join(folder, "tags"), text);
      const outcome = await run("--app", "blog", "--stage", "prod", "--tags", join(folder, "tags"));
      expect(outcome.text).toContain("blog in prod runs v1.9.32\n");
      expect(outcome.text).toContain("next best:\n  v1.9.31\n");
      expect(outcome.text).toContain("      1  the filter does not match\n");
      expect(outcome.code).toBe(0);
    }
  });

  it("says what would run of a registry's tags", async () => {
    const registry = await startRegistry();
    try {
      for (const tag of ["v1.9.31", "v1.9.32", "latest"]) await registry.pushTag("acme/blog", tag);
      const scan = "clusters/production/infrastructure/image-updater/blog/image-repository.yaml";
      repository.edit({ [scan]: (text) => text.replace(image, `127.0.0.1:${registry.port}/acme/blog`) }, "local");
      const where = ["--repo", repository.url, "--branch", "local", "--json"];
      const { code, text } = await run("--app", "blog", "--stage", "clusters/production", ...where);
      expect(JSON.parse(text)).toMatchObject({ selected: "v1.9.32", refused: { filter: 1 } });
      expect(code).toBe(0);
    } finally {
      await registry.close();
    }
  });

  it("prints its usage", async () => {
    expect(await run("--help")).toEqual({ code: 0, text: expect.stringContaining("Usage: npm run explain") });
  });
});

describe("a mistake is one sentence with the way out, and ends with 2:", () => {
  it.each([
    [["ghcr.io/acme/blog"], "ghcr.io/acme/blog has no tag: write <image>:<tag>."],
    [["ghcr.io/acme/blog:a b"], "a b is no tag: letters, digits"],
    [[], "name either <image>:<tag>, or --app and --stage."],
    [["--app", "blog"], "name either <image>:<tag>, or --app and --stage."],
    [["a:1", "b:2"], "one image at a time."],
    [["a:1", "--tags", "x"], "--tags and --username go with --app and --stage."],
    [["a:1", "--colour"], "Unknown option '--colour'"],
    [["a:1", "--repo", "../gone"], "../gone"],
    [["a:1", "--repo", "../tree", "--branch", "main"], "--branch goes with a URL"],
    [["--app", "blog", "--stage", "moon"], "has no ImagePolicy of blog in moon; its stages are dev, stage, prod."],
    [["--app", "blog", "--stage", "prod", "--tags", "/gone"], "There is no file /gone"],
    [["--app", "blog", "--stage", "prod", "--username", "me"], "environment variable REGISTRY_PASSWORD"],
  ])("%s", async (args, message) => {
    const { code, text } = await run(...args);
    expect({ code, text }).toEqual({ code: 2, text: expect.stringContaining(message) });
    expect(text).not.toMatch(/\n\s+at /);
  });
});
