/** The article's repository, with its errors, and repositories that make one mistake each. */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { adoptCommand } from "../commands/adopt.ts";
import { type Adoption, adopt } from "../stacks/adopt/adopt.ts";
import { resolve } from "../stacks/config/resolve.ts";
import { sourcesOf } from "../stacks/config/sources.ts";
import { render } from "../stacks/gitops/render.ts";
import { versions } from "./fleets.ts";

const article = join(import.meta.dirname, "adopt/article");
const root = join(import.meta.dirname, "..");

let folder = "";
let project = "";
let repo = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "k3s-stages-adopt-"));
  project = join(folder, "project");
  repo = join(folder, "repo");
  cpSync(join(import.meta.dirname, "configs/valid/seed"), project, { recursive: true });
  cpSync(join(root, "pins.json"), join(project, "pins.json"));
});

afterEach(() => rmSync(folder, { recursive: true }));

const run = (...args: readonly string[]) => adoptCommand(args, project);

async function adopted(at: string): Promise<Adoption> {
  return JSON.parse((await run("--repo", at, "--json")).text) as Adoption;
}

/** The article's repository with some files otherwise; `null` removes one. */
async function edited(edits: { readonly [path: string]: string | null | ((text: string) => string) }) {
  cpSync(article, repo, { recursive: true });
  for (const [path, edit] of Object.entries(edits)) {
    const file = join(repo, path);
    mkdirSync(dirname(file), { recursive: true });
    if (edit === null) rmSync(file);
    else writeFileSync(file, typeof edit === "string" ? edit : edit(readFileSync(file, "utf8")));
  }
  return await adopted(repo);
}

const filesIn = (path: string) =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .toSorted();

const findings = (adoption: Adoption, code: string) =>
  adoption.findings
    .filter((each) => each.code === code)
    .map(({ path, line, message }) => `${path}:${line}: ${message}`);

const updater = (cluster: string, file: string) => `clusters/${cluster}/infrastructure/image-updater/blog/${file}`;

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
    cpSync(article, repo, { recursive: true });
    const before = filesIn(folder);
    expect((await run("--repo", repo)).code).toBe(1);
    expect(filesIn(folder)).toEqual(before);
  });
});

describe("a repository with one more mistake", () => {
  const stagePolicy = updater("stage", "image-policy.yaml");

  it("lets other channels in when the filter is missing, and shows such tags", async () => {
    const policy = (text: string) => text.replace(/ {2}filterTags:\n.*\n/, "");
    expect(findings(await edited({ [stagePolicy]: policy }), "filter-missing")).toEqual([
      `${stagePolicy}:12: there is no filter, and the range >=1.0.0-stage also takes v1.9.33-develop.1 of dev, v1.9.33 of prod: the tag would run in stage too`,
    ]);
  });

  it("lets other channels in when the filter is not anchored", async () => {
    const loose = (text: string) => text.replace(/pattern: .*/, "pattern: '^v[0-9]+.[0-9]+.[0-9]+'");
    const all = findings(await edited({ [stagePolicy]: loose }), "filter-loose");
    expect(all).toEqual([expect.stringContaining("v1.9.33-develop.1 of dev, v1.9.33 of prod")]);
  });

  it("says nothing about a filter that is its channel's own", async () => {
    const good = (text: string) =>
      text
        .replace(/pattern: .*/, () => "pattern: '^v[0-9]+[.][0-9]+[.][0-9]+-stage[.][0-9]+$'")
        .replace(/range: .*/, "range: '>=1.0.0-0'");
    const { findings: all } = await edited({ [stagePolicy]: good });
    expect(all.filter(({ path }) => path === stagePolicy).map(({ code }) => code)).toEqual(["api-version"]);
  });

  it("never selects a prerelease with a stable range", async () => {
    const stable = (text: string) =>
      text.replace(/pattern: .*/, "pattern: '-stage'").replace(/range: .*/, "range: '>=1.0.0'");
    expect(findings(await edited({ [stagePolicy]: stable }), "range-selects-nothing")).toContainEqual(
      `${stagePolicy}:14: the range >=1.0.0 does not take v1.9.32-stage.1, which stage runs: no tag like it is ever selected`,
    );
  });

  it("judges a filter that would keep JavaScript busy for ever", async () => {
    const heavy = (text: string) => text.replace(/pattern: .*/, () => "pattern: '^(([0-9]+)+[.])+$'");
    const { findings: all } = await edited({ [stagePolicy]: heavy });
    const codes = all.filter(({ path }) => path === stagePolicy).map(({ code }) => code);
    expect(codes).toContain("filter-matches-nothing");
    expect(codes).not.toContain("filter-unreadable");
  });

  it.each([
    [
      "marker-without-policy",
      "apps/blog/stage/deployment-patch.yaml",
      (text: string) => text.replace("blog:blog-policy", "web:blog-policy"),
      "no ImagePolicy web:blog-policy in the cluster of stage (clusters/stage); there is blog:blog-policy",
    ],
    [
      "no-marker",
      "apps/blog/stage/deployment-patch.yaml",
      (text: string) => text.replace(/ # \{.*/, ""),
      "v1.9.32-stage.1 has no marker: blog is never updated in stage",
    ],
    [
      "marker-in-base",
      "apps/blog/base/deployment.yaml",
      (text: string) => text.replace(/(image: .*)/, '$1 # {"$imagepolicy": "blog:blog-policy"}'),
      "every stage's automation finds it",
    ],
    [
      "marker-in-json6902",
      "apps/blog/stage/json-patch.yaml",
      '- op: replace\n  path: /spec/x\n  value: blog:v1.9.32-stage.1 # {"$imagepolicy": "blog:blog-policy"}\n',
      "Flux's setter does not read it",
    ],
    [
      "marker-ignored",
      "apps/blog/stage/kustomization.yaml",
      (text: string) =>
        text.replace(
          "patches:\n",
          () => 'patches:\n  - patch: |\n      image: x # {"$imagepolicy": "blog:blog-policy"}\n',
        ),
      "Flux does not see this marker",
    ],
    [
      "images-over-marker",
      "apps/blog/stage/kustomization.yaml",
      (text: string) => `${text}\nimages:\n  - name: ghcr.io/acme/blog\n    newTag: v1.0.0\n`,
      "has no effect",
    ],
    [
      "update-path-missing",
      updater("stage", "image-update-automation.yaml"),
      (text: string) => text.replace(/ {4}path: .*\n/, ""),
      "has no update.path, which means the whole repository",
    ],
    [
      "update-path-too-wide",
      updater("stage", "image-update-automation.yaml"),
      (text: string) => text.replace(/ {4}path: .*/, "    path: ./apps/blog"),
      "apps/blog/dev/deployment-patch.yaml:12 as well, which is not stage's",
    ],
    [
      "update-path-not-there",
      updater("stage", "image-update-automation.yaml"),
      (text: string) => text.replace(/ {4}path: .*/, "    path: ./apps/blog/staging"),
      "does not exist",
    ],
    [
      "repository-missing",
      updater("stage", "image-policy.yaml"),
      (text: string) => text.replace("blog-repo ", "blog "),
      "there is no ImageRepository blog in the namespace blog",
    ],
    [
      "policy-without-automation",
      updater("stage", "image-update-automation.yaml"),
      null,
      "nobody writes what the policy selects",
    ],
    ["unreadable", "apps/blog/stage/odd.yaml", "a: [1\nb: }", "skipped here"],
    [
      "unreadable",
      "apps/blog/stage/bomb.yaml",
      `a: &a [x, x]\n${"bcdefgh"
        .split("")
        .map((key, i) => `${key}: &${key} [${`*${"abcdefgh"[i]}, `.repeat(9)}x]`)
        .join("\n")}\n`,
      "skipped here",
    ],
    [
      "tag-without-v",
      "apps/blog/stage/deployment-patch.yaml",
      (text: string) => text.replace(":v1.9.32", ":1.9.32"),
      "1.9.32-stage.1 has no v",
    ],
  ])("reports %s in %s", async (...[code, path, edit, message]) => {
    const adoption = await edited({ [path]: edit });
    expect(findings(adoption, code)).toContainEqual(expect.stringContaining(message));
  });

  it("says why the configuration does not validate, and plans nothing from it", async () => {
    const untagged = (text: string) => text.replace(/blog:v1.9.32-stage.1.*/, "blog:latest");
    const { problems, stages } = await edited({ "apps/blog/stage/deployment-patch.yaml": untagged });
    expect(problems).toContain("latest is not a tag that stage takes");
    expect(stages).toEqual([]);
  });

  it("takes over an image that may run as root as it is, and a base that forbids it as restricted", async () => {
    const context = "        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }\n";
    const restricted = (text: string) =>
      text.replace(/( {6})containers:/, "$1securityContext: { runAsNonRoot: true, runAsUser: 1000 }\n$&") + context;
    const { configuration, problems } = await edited({ "apps/blog/base/deployment.yaml": restricted });
    expect(problems).toBe("");
    const [stage] = resolve(sourcesOf(configuration)).stages;
    expect(stage?.apps.map(({ base }) => base)).toMatchObject([
      { security: "restricted", user: 1000 },
      { security: "baseline", user: undefined },
      { security: "baseline", user: undefined },
    ]);
  });

  it.each([
    ["securityContext.readOnlyRootFilesystem", { readOnlyRootFilesystem: true }],
    ["capabilities.add", { capabilities: { drop: ["ALL"], add: ["CHOWN"] } }],
    ["runAsUser: 0", { runAsUser: 0 }],
  ])("keeps a base whose security context has what neither standard renders: %s", async (...[what, context]) => {
    const { system } = await edited({
      "apps/blog/base/deployment.yaml": (text) => `${text}        securityContext: ${JSON.stringify(context)}\n`,
    });
    expect(system.apps[0]?.beyond).toEqual([what]);
  });

  const withProbe = (probe: object) =>
    edited({
      "apps/blog/base/deployment.yaml": (text) => `${text}        readinessProbe: ${JSON.stringify(probe)}\n`,
    });

  it("takes over a probe that asks the container's port", async () => {
    const { configuration, problems } = await withProbe({ httpGet: { path: "/ok", port: 8080 }, periodSeconds: 5 });
    expect(problems).toBe("");
    const [stage] = resolve(sourcesOf(configuration)).stages;
    expect(stage?.apps.map(({ base }) => base)).toMatchObject([
      { probes: { readiness: { path: "/ok", periodSeconds: 5 } } },
      { probes: { readiness: {} } },
      { probes: { readiness: {} } },
    ]);
  });

  it.each([
    ["port", { httpGet: { path: "/ok", port: 9090 } }],
    ["exec", { exec: { command: ["true"] } }],
    ["httpGet.httpHeaders", { httpGet: { path: "/ok", port: 8080, httpHeaders: [{ name: "Host", value: "a" }] } }],
    ["initialDelaySeconds", { tcpSocket: { port: 8080 }, initialDelaySeconds: 5 }],
  ])("keeps a base whose probe has what a rendered one has not: %s", async (...[what, probe]) => {
    const { system } = await withProbe(probe);
    expect(system.apps[0]?.beyond).toEqual([`readinessProbe.${what}`]);
  });

  it("keeps a base that has more than could be rendered", async () => {
    const {
      configuration,
      problems,
      findings: all,
      stages,
    } = await edited({
      "apps/blog/base/deployment.yaml": (text) =>
        `${text}        envFrom:\n        - secretRef:\n            name: blog\n`,
      "apps/blog/base/settings.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n",
    });
    expect(problems).toBe("");
    expect(configuration["Pulumi.yaml"]).toContain(
      "      blog:\n        image: ghcr.io/acme/blog\n        base: external\n",
    );
    expect(all.find(({ code }) => code === "base-external")?.message).toContain(
      "has ConfigMap settings, envFrom, which",
    );
    const paths = stages.flatMap(({ conflicts, created }) => [...conflicts.map(({ path }) => path), ...created]);
    expect(paths.filter((path) => path.startsWith("apps/blog/base"))).toEqual([]);
  });

  it("takes over pull requests, a write source of its own, and the Secret of a private registry", async () => {
    const { configuration, problems } = await edited({
      [updater("stage", "image-update-automation.yaml")]: (text) =>
        text.replace("push:\n      branch: main", "push:\n      branch: flux/stage"),
      [updater("stage", "image-repository.yaml")]: (text) => `${text}  secretRef:\n    name: ghcr\n`,
      "clusters/dev/infrastructure/image-updater/image-write-repo.yaml": (text) =>
        text.replace(/( {2}secretRef:\n {4}name: ).*/, "$1write-key"),
    });
    expect(problems).toBe("");
    expect(configuration["Pulumi.stage.yaml"]).toContain("tag: v1.9.32-stage.1\n      rollout: pull-request");
    expect(configuration["Pulumi.yaml"]).toContain("pullSecret: ghcr");
    expect(configuration["Pulumi.yaml"]).toContain("write:\n        secret: write-key");
  });

  it("takes over a hold and a pin", async () => {
    const frozen = (key: string) => (text: string) => text.replace("$imagepolicy", key);
    const { configuration } = await edited({
      "apps/blog/stage/deployment-patch.yaml": frozen("$held"),
      "apps/blog/prod/deployment-patch.yaml": frozen("$pinned"),
    });
    expect(configuration["Pulumi.stage.yaml"]).toContain("tag: v1.9.32-stage.1\n      hold: true\n");
    expect(configuration["Pulumi.prod.yaml"]).toContain("tag: v1.9.31\n      pin: v1.9.31\n");
  });

  it("says what an overlay has that has to be carried over by hand", async () => {
    const adoption = await edited({
      "apps/blog/stage/kustomization.yaml": (text) =>
        `${text.replace("../base", "../base\n  - settings.yaml")}\ncomponents:\n  - ../tls\n`,
      "apps/blog/stage/settings.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n",
    });
    expect(findings(adoption, "not-taken-over")).toEqual([
      "apps/blog/stage/kustomization.yaml:1: settings.yaml, components, ConfigMap settings: not in the configuration; carry it over as a patch or a manifest of the override",
    ]);
  });

  it("leaves an app out of the stages that have no overlay of it", async () => {
    const overlay = "apps/blog/dev";
    const { configuration, problems } = await edited({
      [`${overlay}/kustomization.yaml`]: null,
      [`${overlay}/deployment-patch.yaml`]: null,
    });
    expect(problems).toBe("");
    expect(configuration["Pulumi.yaml"]).toMatch(/stages: \[ ?stage, prod ?\]/);
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
      mkdirSync(dirname(join(repo, path)), { recursive: true });
      writeFileSync(join(repo, path), text);
    }
    const again = await adopted(repo);
    expect(again.configuration).toEqual(configuration);
    expect(again.findings.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(again.stages.map(({ changed, conflicts, twice }) => [changed, conflicts, twice])).toEqual([
      [[], [], []],
      [[], [], []],
      [[], [], []],
    ]);
    expect((await run("--repo", repo)).code).toBe(0);
  });

  it("reads a branch of a bare repository", async () => {
    const git = (...args: readonly string[]) => execFileSync("git", args, { cwd: repo, stdio: "pipe" });
    cpSync(article, repo, { recursive: true });
    git("init", "--quiet", "-b", "main");
    git("add", "-A");
    git("-c", "user.name=someone", "-c", "user.email=someone@example.com", "commit", "--quiet", "-m", "by hand");
    git("clone", "--quiet", "--bare", repo, join(folder, "bare.git"));
    expect(await adopted(join(folder, "bare.git"))).toEqual(await adopted(article));
    expect(await adopted(`file://${folder}/bare.git`)).toEqual(await adopted(article));
  });

  it("does not follow a symbolic link", async () => {
    cpSync(article, repo, { recursive: true });
    symlinkSync(join(article, "apps/blog"), join(repo, "apps/linked"));
    const { system, kept } = await adopted(repo);
    expect(system.apps.map(({ name }) => name)).not.toContain("linked");
    expect(kept).toContain("apps/linked");
  });

  it("writes the configuration into a folder, and never over a file", async () => {
    const out = join(folder, "out");
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
    mkdirSync(repo);
    expect(await run("--repo", repo)).toEqual({
      code: 1,
      text: `${repo} has no apps/<app>/<stage>/kustomization.yaml, so there is nothing to adopt.`,
      isRefusal: true,
    });
    expect((await run("--repo", join(folder, "nowhere"))).text).toContain("There is no folder");
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
