import { execFileSync, spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { parse } from "yaml";
import { runAutomation } from "../sandbox/flux/automation.ts";
import { resolve } from "../stacks/config/resolve.ts";
import { plan } from "../stacks/publish/merge.ts";
import { manifestText } from "../stacks/publish/ownership.ts";
import { type Pull, readPulls, writePulls } from "./fake-gh.ts";
import { guarded, guardedEdits, treeOf } from "./fleets.ts";
import { gitEnv, gitRemote } from "./git-remote.ts";
import { placeGh, runStep } from "./github-runner.ts";
import { blogOnly, renderedTree } from "./rendered-tree.ts";
import { type Edits, seedSources } from "./sources.ts";

// Real git, some fifty processes a test: a busy machine takes seconds.
vi.setConfig({ testTimeout: 120_000 });

const workflowPath = ".github/workflows/flux-pull-requests.yaml";
const branch = "flux/prod/blog";
const file = "apps/blog/prod/deployment-patch.yaml";

const proposed: Edits = {
  ...blogOnly,
  "Pulumi.prod.yaml": { ...blogOnly["Pulumi.prod.yaml"], "overrides.blog.rollout": "pull-request" },
};
const fleet = resolve(seedSources(proposed));
const files = renderedTree(proposed);
const text = files[workflowPath] ?? "";
const workflow = parse(text);
const { run: script, env: variables } = workflow.jobs["pull-requests"].steps[0];

let repo: ReturnType<typeof gitRemote>;
beforeEach(() => {
  repo = gitRemote();
  repo.edit(files);
  placeGh(repo, "fake-gh.ts");
});
afterEach(() => repo.close());

/** What the runner does on a push. */
const attend = (more: { readonly [name: string]: string } = {}) =>
  runStep(repo, script, { BASE: variables.BASE, AUTHOR: variables.AUTHOR, ...more });

const attended = () => expect(attend()).toMatchObject({ status: 0 });
const pulls = () => readPulls(repo.folder, repo.url);
const branches = () => repo.git("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads").split("\n");
const changePull = (change: Partial<Pull>) =>
  writePulls(
    repo.folder,
    pulls().map((pull) => ({ ...pull, ...change })),
  );

/** Flux's automation finds that the registry has a newer tag. */
async function bump(tag: string): Promise<void> {
  const at = { repository: repo.url, branch: "main", cluster: "clusters/production" };
  const { automations } = await runAutomation({ ...at, tags: async () => [tag] });
  expect(automations).toMatchObject([{ kind: "committed", branch }]);
}

/** What a person does in a clone of the branch, and pushes to it. */
function person(to: string, ...commands: readonly (readonly string[])[]): void {
  const clone = join(repo.folder, "person");
  const identity = ["-c", "user.name=someone", "-c", "user.email=someone@example.com"];
  const git = (...args: readonly string[]) =>
    execFileSync("git", [...identity, "-C", clone, ...args], { stdio: "pipe", env: gitEnv });
  execFileSync("git", ["clone", "--quiet", "--branch", to, repo.url, clone], { env: gitEnv });
  for (const command of [...commands, ["push", "--quiet", "origin", to]]) git(...command);
  rmSync(clone, { recursive: true });
}
const merge = () => person("main", ["merge", "--quiet", "--no-ff", "-m", "merged", `origin/${branch}`]);
const squash = () =>
  person("main", ["merge", "--quiet", "--squash", `origin/${branch}`], ["commit", "--quiet", "-m", "squashed"]);

const byHand = (tag: string) => repo.edit({ [file]: (before) => before.replace(/blog:v\S+/, `blog:${tag}`) });
const image = (ref: string) => /blog:(v\S+) #/.exec(repo.read(file, ref))?.[1];

describe("a new tag", () => {
  it("leaves main alone: its branch has one commit that changes one line", async () => {
    const before = repo.head();
    await bump("v1.9.32");
    expect(repo.head()).toBe(before);
    expect(repo.git("log", "--numstat", "--format=", `main..${branch}`)).toBe(`1\t1\t${file}`);
    expect(repo.git("rev-list", "--count", `main..${branch}`)).toBe("1");
  });

  it("becomes one pull request with the commit's words, however often the workflow runs (rule 23)", async () => {
    await bump("v1.9.32");
    attended();
    attended();
    expect(pulls()).toMatchObject([{ head: branch, base: "main", title: "Update blog in prod", state: "open" }]);
    expect(pulls()[0]?.body).toContain("ghcr.io/acme/blog:v1.9.31 -> ghcr.io/acme/blog:v1.9.32");
  });

  it("joins the open pull request of the tag before", async () => {
    await bump("v1.9.32");
    attended();
    await bump("v1.9.33");
    attended();
    expect(pulls()).toHaveLength(1);
    expect(pulls()[0]?.body).toContain("blog:v1.9.32 -> ghcr.io/acme/blog:v1.9.33");
  });

  it("of another app has a branch and a pull request of its own (rule 23)", async () => {
    repo.edit(renderedTree(guardedEdits));
    const at = { repository: repo.url, branch: "main", cluster: "clusters/production" };
    await runAutomation({ ...at, tags: async () => ["v1.9.32"] });
    attended();
    expect(pulls().map(({ head, title }) => [head, title])).toEqual([
      [branch, "Update blog in prod"],
      ["flux/prod/other-app", "Update other-app in prod"],
    ]);
  });

  it("never takes the pull request of a fork for its own", async () => {
    await bump("v1.9.32");
    const stranger = { number: 1, owner: "stranger", head: branch, base: "main", sha: "", state: "open" } as const;
    writePulls(repo.folder, [{ ...stranger, title: "mine", body: "", comments: [] }]);
    attended();
    expect(pulls().map(({ owner, title }) => [owner, title])).toEqual([
      ["stranger", "mine"],
      [basename(repo.folder), "Update blog in prod"],
    ]);
  });
});

describe("a merged pull request", () => {
  it("has its tag in main, and the plan for the configuration keeps it", async () => {
    await bump("v1.9.32");
    merge();
    expect(image("main")).toBe("v1.9.32");
    const { files: wanted, placeholders } = treeOf("prod", fleet);
    const texts = new Map(repo.files().map((path) => [path, repo.read(path)]));
    texts.set("clusters/production/.owned.json", manifestText("prod", Object.keys(wanted)));
    const entries = new Map(
      [...texts.keys()].map((path) => [path, { kind: "file", mode: "100644", id: "1" } as const]),
    );
    const head = { commit: repo.head(), entries, texts };
    const desired = new Map(Object.entries(wanted));
    const planned = plan({ stage: "prod", path: "clusters/production", desired, placeholders, head });
    expect(planned).toEqual({ kind: "unchanged" });
  });

  it.each([
    ["with a merge commit", merge],
    ["squashed", squash],
  ])("%s loses its branch, and the next tag starts from main", async (_, how) => {
    await bump("v1.9.32");
    attended();
    how();
    changePull({ state: "closed" });
    attended();
    expect(branches()).toEqual(["main"]);
    expect(pulls()[0]?.comments).toEqual([]);
    await bump("v1.9.33");
    attended();
    expect(repo.git("rev-list", "--count", `main..${branch}`)).toBe("1");
    expect(pulls().map(({ state }) => state)).toEqual(["closed", "open"]);
  });

  it("whose branch Flux went on with is proposed anew instead of in conflict", async () => {
    await bump("v1.9.32");
    squash();
    await bump("v1.9.33");
    attended();
    expect(branches()).toEqual(["main"]);
    await bump("v1.9.33");
    attended();
    expect(pulls()).toMatchObject([{ state: "open" }]);
    expect(repo.git("merge-tree", "--write-tree", "main", branch)).toMatch(/^[0-9a-f]{40}$/);
  });
});

describe("an open pull request", () => {
  beforeEach(async () => {
    await bump("v1.9.32");
    attended();
  });

  it("is closed, with the reason, once main has its tag by another way", () => {
    byHand("v1.9.32");
    attended();
    expect(branches()).toEqual(["main"]);
    expect(pulls()).toMatchObject([{ state: "closed", comments: ["main has all of this already."] }]);
  });

  it("is closed, with the reason, when it conflicts; Flux proposes its tag anew", async () => {
    byHand("v1.9.30");
    attended();
    const reason = "This conflicts with main. Flux proposes it anew from there.";
    expect(pulls()).toMatchObject([{ state: "closed", comments: [reason] }]);
    await bump("v1.9.32");
    attended();
    expect(pulls().map(({ state }) => state)).toEqual(["closed", "open"]);
  });

  it("stays when it conflicts and has a person's commit", () => {
    person(branch, ["commit", "--quiet", "--allow-empty", "-m", "note"]);
    byHand("v1.9.30");
    attended();
    expect(repo.commits(branch)).toContain("note");
    expect(pulls()).toMatchObject([{ state: "open", title: "note", comments: [] }]);
  });

  it("keeps a commit that came while it was being closed", () => {
    byHand("v1.9.32");
    const meanwhile = `git -C ${repo.url} update-ref refs/heads/${branch} main`;
    const { status, output } = attend({ FAKE_GH_MEANWHILE: meanwhile });
    expect(status).toBe(1);
    expect(output).toContain(`::error::${branch}`);
    expect(branches()).toEqual([branch, "main"]);
  });

  it("that a person closes is not opened again; the next tag gets a new one", async () => {
    changePull({ state: "closed" });
    attended();
    expect(pulls().map(({ state }) => state)).toEqual(["closed"]);
    expect(branches()).toEqual([branch, "main"]);
    await bump("v1.9.33");
    attended();
    expect(pulls().map(({ state }) => state)).toEqual(["closed", "open"]);
    expect(image(branch)).toBe("v1.9.33");
  });
});

describe("the workflow", () => {
  it("fails in GitHub's words when it may not open pull requests", async () => {
    await bump("v1.9.32");
    const words = "GitHub Actions is not permitted to create or approve pull requests.";
    const { status, output } = attend({ FAKE_GH_REFUSES: words });
    expect(status).toBe(1);
    expect(output).toContain(words);
  });

  it("touches no branch but those of its own form", () => {
    repo.git("branch", "flux-notes", "main");
    repo.git("branch", "feature/flux/prod/blog", "main");
    attended();
    expect(branches()).toEqual(["feature/flux/prod/blog", "flux-notes", "main"]);
  });

  it("uses no action, and has two rights", () => {
    expect(text).not.toMatch(/^\s*(- )?uses:/m);
    expect(workflow.permissions).toEqual({});
    const rights = { contents: "write", "pull-requests": "write" };
    expect(workflow.jobs["pull-requests"].permissions).toEqual(rights);
  });

  it("puts no value of GitHub's into its script, where it could become code", () => {
    expect(script).not.toContain("${{");
    expect(text.match(/\$\{\{.*?\}\}/g)).toEqual([
      // biome-ignore lint/suspicious/noTemplateCurlyInString: GitHub's own form
      "${{ secrets.FLUX_PULL_REQUESTS_TOKEN || github.token }}",
    ]);
  });

  it("runs one at a time, for the branches of Flux and for what of main they touch (rule 39)", () => {
    expect(workflow.concurrency).toEqual({ group: "flux-pull-requests" });
    const { branches: watched, paths } = workflow.on.push;
    expect([watched, paths]).toEqual([["main", "flux/*/*"], ["apps/*/prod/**"]]);
  });

  it.runIf(spawnSync("shellcheck", ["--version"]).status === 0 || process.env["CI"] === "true")(
    "has a script that shellcheck finds nothing wrong with",
    () => {
      const { stdout } = spawnSync("shellcheck", ["--shell=bash", "-"], { input: script, encoding: "utf8" });
      expect(stdout).toBe("");
    },
  );
});

describe("the workflow's file", () => {
  const texts = guarded.stages.map(({ name }) => treeOf(name, guarded).files[workflowPath]);

  it("is there for the stages that propose, with the same bytes", () => {
    const [dev, stage, prod] = texts;
    expect(dev).toBeUndefined();
    expect(stage).toBe(prod);
    expect(parse(prod ?? "").on.push.paths).toEqual(["apps/*/stage/**", "apps/*/prod/**"]);
  });

  it("is there for nobody when nobody proposes", () => {
    expect(guarded.stages.flatMap(({ name }) => Object.keys(treeOf(name).files))).not.toContain(workflowPath);
  });

  it("leaves the repository with the last stage that proposes", () => {
    const entry = { kind: "file", mode: "100644", id: "1" } as const;
    const manifest = (stage: string) => JSON.stringify({ version: 1, stage, files: [workflowPath] });
    const head = (others: readonly string[]) => {
      const texts = new Map([
        [workflowPath, text],
        ...others.map((o) => [`clusters/${o}/.owned.json`, manifest(o)] as const),
      ]);
      return { commit: "1", entries: new Map([...texts.keys()].map((path) => [path, entry])), texts };
    };
    const leaves = (others: readonly string[]) => {
      const args = { stage: "prod", path: "clusters/prod", desired: new Map(), placeholders: [], head: head(others) };
      const result = plan(args);
      return (
        result.kind === "commit" && result.changes.some(({ kind, path }) => kind === "delete" && path === workflowPath)
      );
    };
    expect([leaves(["prod", "stage"]), leaves(["prod"])]).toEqual([false, true]);
  });
});
