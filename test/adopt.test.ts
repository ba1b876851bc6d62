/** The article's repository, with its errors, and the command that adopts one. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adopt } from "../stacks/adopt/adopt.ts";
import { resolve } from "../stacks/config/resolve.ts";
import { sourcesOf } from "../stacks/config/sources.ts";
import { render } from "../stacks/gitops/render.ts";
import { adopting, article, filesIn, findings, updater } from "./adopting.ts";
import { versions } from "./fleets.ts";

const { at, run, adopted } = adopting();

describe("the article's repository", () => {
  it("is understood: stages with cluster and channel, apps with what runs", async () => {
    const { system } = await adopted(article);
    expect(system.stages).toEqual([
      { name: "dev", path: "clusters/dev", channel: { kind: "prerelease", id: "develop" } },
      { name: "stage", path: "clusters/stage", channel: { kind: "prerelease", id: "stage" } },
      { name: "prod", path: "clusters/production", channel: { kind: "stable" } },
    ]);
    expect(system.apps.map(({ name }) => name)).toEqual(["blog", "other-app", "second-other-app"]);
    const [blog] = system.apps;
    expect(blog).toMatchObject({
      image: "ghcr.io/acme/blog",
      namespace: "blog",
      ports: { container: 8080, service: 80 },
      ingress: ["http", "https"],
      issuer: "letsencrypt",
      baseTag: "v0.0.1-develop.1",
    });
    expect(blog?.uses.map(({ stage, tag, replicas, hosts }) => [stage, tag, replicas, ...hosts.http])).toEqual([
      ["dev", "v1.9.32-develop.2", 1, "blog.dev.example.com"],
      ["stage", "v1.9.32-stage.1", 1, "blog.stage.example.com"],
      ["prod", "v1.9.31", 3, "blog.example.com"],
    ]);
    expect(system).toMatchObject({ url: "ssh://git@github.com/acme/fluxcd", branch: "main", decryption: "sops-age" });
  });

  it("gives a configuration that validates and renders the tags that run", async () => {
    const { configuration, problems } = await adopted(article);
    expect(problems).toBe("");
    expect(Object.keys(configuration)).toEqual([
      "Pulumi.yaml",
      "Pulumi.dev.yaml",
      "Pulumi.stage.yaml",
      "Pulumi.prod.yaml",
    ]);
    const fleet = resolve(sourcesOf(configuration));
    const { files } = render(fleet, "stage", versions);
    expect(files["apps/blog/stage/deployment-patch.yaml"]).toContain(
      'image: ghcr.io/acme/blog:v1.9.32-stage.1 # {"$imagepolicy": "blog:blog-stage"}',
    );
    expect(configuration["Pulumi.prod.yaml"]).toContain("# A sample, to be chosen");
  });

  it.each([
    ["filter-matches-nothing", 9],
    ["range-word", 3],
    ["api-version", 27],
    ["removed-template-field", 9],

    ["prune-false", 9],
    ["not-applied", 9],
  ])("has the article's error %s in %i places", async (code, count) => {
    const { findings: all } = await adopted(article);
    expect(all.filter((each) => each.code === code && each.severity === "error")).toHaveLength(count);
  });

  it("has each error with its file, its line and what follows", async () => {
    const adoption = await adopted(article);
    const first = (code: string) =>
      findings(adoption, code).find((each) => each.includes("clusters/dev") && each.includes("blog"));
    expect(first("filter-matches-nothing")).toBe(
      `${updater("dev", "image-policy.yaml")}:11: the filter ^v[0-9]+\\.[0-9]+\\.[0-9]+\\.[0-9]+$ matches none of blog's tags, not even ` +
        "v1.9.32-develop.2, which dev runs (it wants four numbers, and a tag of four numbers is no version): " +
        "the policy never selects anything, and the automation reports Ready while nothing happens",
    );
    expect(first("range-word")).toBe(
      `${updater("dev", "image-policy.yaml")}:14: -dev in the range >=1.0.0-dev selects no channel: it admits the prereleases ` +
        "of all of them, and dev's tags say -develop, not -dev",
    );
    expect(first("range-loose")).toContain("v1.9.33-stage.1 of stage would run in dev too");
    expect(first("api-version")).toContain("image.toolkit.fluxcd.io/v1beta2 is no longer served by Flux 2.9");
    expect(first("removed-template-field")).toContain(
      `${updater("dev", "image-update-automation.yaml")}:20: the message template uses .Updated`,
    );
    expect(first("read-only-source")).toContain(
      "flux-system-write (clusters/dev/infrastructure/image-updater/image-write-repo.yaml:12), whose Secret flux-system",
    );
    expect(first("prune-false")).toContain("private/blog.yaml:11: prune: false");
    expect(first("not-applied")).toContain(
      "private/blog.yaml:3: clusters/dev/flux-system/kustomization.yaml does not list this file: Flux never applies Kustomization blog",
    );
  });

  it("says which files would be new, which are in the way, and which define an object twice", async () => {
    const { stages, kept } = await adopted(article);
    const prod = stages.find(({ stage }) => stage === "prod");
    expect(prod?.created).toContain("clusters/production/apps/blog.yaml");
    expect(prod?.conflicts.map(({ path }) => path)).toContain("apps/blog/prod/deployment-patch.yaml");
    expect(prod?.twice).toContainEqual({
      path: "clusters/production/flux-system/kustomizations/private/blog.yaml",
      object: "Kustomization flux-system/blog",
      rendered: "clusters/production/apps/blog.yaml",
    });
    expect(kept).toContain("README.md");
    expect(
      stages.flatMap(({ created, conflicts }) =>
        created.filter((path) => conflicts.some((each) => each.path === path)),
      ),
    ).toEqual([]);
  });

  it("is not touched, and the project neither", async () => {
    cpSync(article, at.repo, { recursive: true });
    const before = filesIn(at.folder);
    expect((await run("--repo", at.repo)).code).toBe(1);
    expect(filesIn(at.folder)).toEqual(before);
  });
});

describe("what people can write", () => {
  const paths = filesIn(article).filter((path) => /blog|image-updater\/[^/]*$|\/flux-system\/[^/]*$/.test(path));
  const texts = new Map(paths.map((path) => [path, readFileSync(join(article, path), "utf8")]));
  const slips = [
    "[]",
    "null",
    "- a",
    "*a",
    "<<: *x",
    "__proto__: 1",
    "\t",
    "---",
    "{{ x }}",
    "v1",
    "1",
    "[[[[",
    "../..",
    "http://",
  ];
  const slip = fc.record({
    path: fc.constantFrom(...paths),
    line: fc.nat(40),
    text: fc.constantFrom(...slips),
    how: fc.constantFrom("remove", "value", "insert", "append"),
  });

  function edit(text: string, { line, text: words, how }: { line: number; text: string; how: string }): string {
    const lines = text.split("\n");
    const at = line % lines.length;
    const old = lines[at] ?? "";
    if (how === "insert") return lines.toSpliced(at, 0, words).join("\n");
    if (how === "remove") return lines.toSpliced(at, 1).join("\n");
    return lines.with(at, how === "value" ? old.replace(/:.*/, () => `: ${words}`) : `${old}${words}`).join("\n");
  }

  it("is reported or understood, and never fails", () => {
    const seed = readFileSync(join(import.meta.dirname, "configs/valid/seed/Pulumi.yaml"), "utf8");
    fc.assert(
      fc.property(fc.array(slip, { minLength: 1, maxLength: 4 }), (slips) => {
        const edited = slips.reduce(
          (all, each) => new Map(all).set(each.path, edit(all.get(each.path) ?? "", each)),
          texts,
        );
        const entries = new Map(paths.map((path) => [path, { kind: "file" as const, id: path }]));
        const head = { commit: undefined, entries, texts: edited };
        const { findings: all } = adopt({
          head,
          project: seed,
          versions,
          repository: { url: "x", branch: "main" },
          skipped: [],
        });
        expect(all.every(({ path, line, message }) => path !== "" && line > 0 && message !== "")).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

describe("npm run adopt", () => {
  it("gives the same configuration again from what it renders, and finds nothing wrong in that", async () => {
    const { configuration } = await adopted(article);
    const fleet = resolve(sourcesOf(configuration));
    const trees = fleet.stages.map(({ name }) => render(fleet, name, versions).files);
    for (const [path, text] of trees.flatMap((files) => Object.entries(files))) {
      mkdirSync(dirname(join(at.repo, path)), { recursive: true });
      writeFileSync(join(at.repo, path), text);
    }
    const again = await adopted(at.repo);
    expect(again.configuration).toEqual(configuration);
    expect(again.findings.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(again.stages.map(({ changed, conflicts, twice }) => [changed, conflicts, twice])).toEqual([
      [[], [], []],
      [[], [], []],
      [[], [], []],
    ]);
    expect((await run("--repo", at.repo)).code).toBe(0);
  });

  it("reads a branch of a bare repository", async () => {
    const git = (...args: readonly string[]) => execFileSync("git", args, { cwd: at.repo, stdio: "pipe" });
    cpSync(article, at.repo, { recursive: true });
    git("init", "--quiet", "-b", "main");
    git("add", "-A");
    git("-c", "user.name=someone", "-c", "user.email=someone@example.com", "commit", "--quiet", "-m", "by hand");
    git("clone", "--quiet", "--bare", at.repo, join(at.folder, "bare.git"));
    expect(await adopted(join(at.folder, "bare.git"))).toEqual(await adopted(article));
    expect(await adopted(`file://${at.folder}/bare.git`)).toEqual(await adopted(article));
  });

  it("does not follow a symbolic link", async () => {
    cpSync(article, at.repo, { recursive: true });
    symlinkSync(join(article, "apps/blog"), join(at.repo, "apps/linked"));
    const { system, kept } = await adopted(at.repo);
    expect(system.apps.map(({ name }) => name)).not.toContain("linked");
    expect(kept).toContain("apps/linked");
  });

  it("writes the configuration into a folder, and never over a file", async () => {
    const out = join(at.folder, "out");
    expect((await run("--repo", article, "--out", out)).text).toContain(`in ${out}`);
    expect(filesIn(out)).toEqual(["Pulumi.dev.yaml", "Pulumi.prod.yaml", "Pulumi.stage.yaml", "Pulumi.yaml"]);
    rmSync(join(out, "Pulumi.dev.yaml"));
    const { code, text } = await run("--repo", article, "--out", out);
    expect(code).toBe(1);
    expect(text).toContain("exists already, and nothing is overwritten.");
    expect(existsSync(join(out, "Pulumi.dev.yaml"))).toBe(false);
  });

  it("says each kind of mistake once in words, and where else it was made", async () => {
    const { code, text } = await run("--repo", article);
    expect(code).toBe(1);
    expect(text.match(/\[removed-template-field\]/g)).toHaveLength(1);
    expect(text).toContain("    also clusters/production/flux-system/kustomizations/private/blog.yaml:11\n");
    expect(text).toContain("prod: 14 files new, 0 changed, 0 as they are, 36 conflicts");
    expect(text).toContain("--- Pulumi.stage.yaml");
  });

  it("says that a folder is no such repository", async () => {
    mkdirSync(at.repo);
    expect(await run("--repo", at.repo)).toEqual({
      code: 1,
      text: `${at.repo} has no apps/<app>/<stage>/kustomization.yaml, so there is nothing to adopt.`,
      isRefusal: true,
    });
    expect((await run("--repo", join(at.folder, "nowhere"))).text).toContain("There is no folder");
  });

  it.each([
    [[], "--repo is missing."],
    [["--repo"], "--repo"],
    [["--rep", "x"], "--rep"],
  ])("shows the usage after %j, with exit code 2", async (args, message) => {
    const { code, text } = await run(...args);
    expect(code).toBe(2);
    expect(text.split("\n")[0]).toContain(message);
    expect(text).toContain("Usage: npm run adopt");
  });

  it("explains itself", async () => {
    expect(await run("--help")).toEqual({ code: 0, text: expect.stringContaining("Usage: npm run adopt") });
  });
});
