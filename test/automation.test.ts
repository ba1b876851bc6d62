import { cpSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type AutomationArgs, type AutomationOutcome, runAutomation } from "../sandbox/flux/automation.ts";
import { gitRemote } from "./git-remote.ts";
import { blogOnly, renderedTree } from "./rendered-tree.ts";

// Real git, some twenty processes a test: a busy machine takes seconds.
vi.setConfig({ testTimeout: 60_000 });

type Remote = ReturnType<typeof gitRemote>;

let rendered: Remote;
let repo: Remote;
beforeAll(() => {
  rendered = gitRemote();
  rendered.edit(renderedTree(blogOnly));
});
beforeEach(() => {
  repo = gitRemote();
  cpSync(rendered.url, repo.url, { recursive: true });
});
afterEach(() => repo.close());
afterAll(() => rendered.close());

const stages = ["dev", "stage", "prod"];
const cluster = (stage: string) => `clusters/${stage === "prod" ? "production" : stage}`;
const file = (stage: string, app = "blog") => `apps/${app}/${stage}/deployment-patch.yaml`;
const automationFile = `${cluster("prod")}/infrastructure/image-updater/blog/image-update-automation.yaml`;

const run = (stage: string, tags: readonly string[], more: Partial<AutomationArgs> = {}) =>
  runAutomation({
    repository: repo.url,
    branch: "main",
    cluster: cluster(stage),
    tags: async () => tags,
    ...more,
  });

const only = ({ automations }: { readonly automations: readonly AutomationOutcome[] }) => {
  expect(automations).toHaveLength(1);
  return automations[0];
};

describe("a new tag", () => {
  const known = ["v1.9.31", "v1.9.32-stage.1", "v1.9.32-develop.2"];
  const stray = ["v1.9.33-rc.1", "latest", "1.9.40", "v1.9.31.4", "sha-abc", "v1.9.33-develop3", "v99.0"];

  it.each([
    ["dev", "v1.9.32-develop.10", ["v1.9.32-develop.9"]],
    ["stage", "v1.9.32-stage.2", []],
    ["prod", "v1.9.32", []],
  ])("goes to its own stage alone and changes one line: %s", async (stage, tag, older) => {
    const tags = [...known, ...stray, ...older, tag];
    const results = await Promise.all(stages.filter((other) => other !== stage).map((other) => run(other, tags)));
    const outcome = only(await run(stage, tags));
    expect(results.map((result) => only(result)?.kind)).toEqual(["unchanged", "unchanged"]);
    expect(outcome).toMatchObject({ kind: "committed", commit: repo.head(), branch: "main", files: [file(stage)] });
    expect(repo.git("show", "--numstat", "--format=", "main")).toBe(`1\t1\t${file(stage)}`);
    expect(repo.read(file(stage))).toContain(
      `image: ghcr.io/acme/blog:${tag} # {"$imagepolicy": "blog:blog-${stage}"}`,
    );
  });

  it("is committed by the automation's author with its message, and told as data", async () => {
    const { policies, automations } = await run("prod", ["v1.9.32"]);
    expect(repo.git("log", "-1", "--format=%an <%ae> %cn%n%B", "main")).toBe(
      [
        "fluxcdbot <fluxcdbot@users.noreply.github.com> fluxcdbot",
        "Update blog in prod\n\nAutomation: blog/blog-prod\n",
        "Images:\n- ghcr.io/acme/blog:v1.9.31 -> ghcr.io/acme/blog:v1.9.32",
      ].join("\n"),
    );
    const image = { name: "ghcr.io/acme/blog", tag: "v1.9.32", digest: undefined };
    expect(policies).toEqual([{ policy: "blog:blog-prod", kind: "selected", image }]);
    const change = { from: "ghcr.io/acme/blog:v1.9.31", to: "ghcr.io/acme/blog:v1.9.32" };
    const changes = [{ path: file("prod"), setter: "blog:blog-prod", ...change }];
    expect(automations).toMatchObject([{ name: "blog/blog-prod", changes }]);
  });

  it("is committed once", async () => {
    await run("prod", ["v1.9.32"]);
    const head = repo.head();
    expect(only(await run("prod", ["v1.9.32"]))).toMatchObject({ kind: "unchanged", reason: "repository up-to-date" });
    expect(repo.head()).toBe(head);
  });
});

describe("nothing is committed", () => {
  it("without any tag, and the reason is told", async () => {
    const head = repo.head();
    expect(only(await run("dev", []))).toEqual({
      name: "blog/blog-dev",
      kind: "unchanged",
      reason: "repository up-to-date; blog:blog-dev has no tag: no tags in database",
    });
    expect(repo.head()).toBe(head);
  });

  it("by a suspended automation", async () => {
    repo.edit({ [automationFile]: (text) => `${text}  suspend: true\n` });
    expect(only(await run("prod", ["v1.9.32"]))).toMatchObject({ kind: "unchanged", reason: "suspended" });
  });

  it("for a policy that the automation's selector leaves out", async () => {
    repo.edit({ [automationFile]: (text) => text.replace(/(matchLabels:\n +app:) blog/, "$1 other") });
    expect(only(await run("prod", ["v1.9.32"]))?.kind).toBe("unchanged");
  });
});

it("writes an older tag when the newer one left the registry: Flux has no downgrade guard", async () => {
  await run("prod", ["v1.9.30"]);
  expect(repo.read(file("prod"))).toContain("blog:v1.9.30 ");
});

it("makes a commit for every app, each on top of the other", async () => {
  repo.edit(renderedTree());
  const { automations } = await run("prod", ["v1.9.32"]);
  expect(automations.map(({ name, kind }) => [name, kind])).toEqual([
    ["blog/blog-prod", "committed"],
    ["other-app/other-app-prod", "committed"],
    ["second/second-other-app-prod", "committed"],
  ]);
  expect(repo.read(file("prod"))).toContain("blog:v1.9.32 ");
  expect(repo.read(file("prod", "other-app"))).toContain("other-app:v1.9.32 ");
});

describe("when a person's commit comes between clone and push", () => {
  const note = { "README.md": "by a person\n" };

  it("fails and loses nothing, and the next run succeeds", async () => {
    const first = only(await run("prod", ["v1.9.32"], { beforePush: async () => repo.edit(note) }));
    expect(first).toEqual({
      name: "blog/blog-prod",
      kind: "failed",
      reason: "failed to update source: failed to push to remote: non-fast-forward update: refs/heads/main",
    });
    expect(repo.read(file("prod"))).toContain("blog:v1.9.31 ");
    expect(only(await run("prod", ["v1.9.32"]))?.kind).toBe("committed");
    expect(repo.read("README.md")).toBe(note["README.md"]);
  });

  it("the automations after it go on", async () => {
    repo.edit(renderedTree());
    const beforePush = async (name: string) => (name === "blog/blog-prod" ? repo.edit(note) : undefined);
    const { automations } = await run("prod", ["v1.9.32"], { beforePush });
    expect(automations.map(({ kind }) => kind)).toEqual(["failed", "committed", "committed"]);
  });
});

it("tells a refused push in the server's words", async () => {
  repo.refuse("main is protected");
  const failed = { kind: "failed", reason: expect.stringContaining("main is protected") };
  expect(only(await run("prod", ["v1.9.32"]))).toMatchObject(failed);
});

it("goes on from its push branch where there is one, as Flux does, and leaves the checkout branch as it is", async () => {
  const branch = "flux/prod/blog";
  repo.edit({
    [automationFile]: (text) => text.replace("push:\n      branch: main", `push:\n      branch: ${branch}`),
  });
  const before = repo.head();
  expect(only(await run("prod", ["v1.9.32"]))).toMatchObject({ kind: "committed", branch, commit: repo.head(branch) });
  await run("prod", ["v1.9.33"]);
  expect(repo.read(file("prod"), branch)).toContain("blog:v1.9.33 ");
  expect(repo.git("rev-list", "--count", `${before}..${branch}`)).toBe("2");
  expect(repo.head()).toBe(before);
});

describe("an automation fails, and says why,", () => {
  it.each([
    ["without its GitRepository", ["flux-system-write", "gone"], "does not exist: flux-system/gone"],
    ["with a path that is not there", ["apps/blog/prod", "apps/blog/gone"], "lstat apps/blog/gone"],
    [
      "with a branch that is not there",
      ["ref:\n        branch: main", "ref:\n        branch: gone"],
      "failed to checkout",
    ],
    ["with a field that Flux removed", [".Changed.Changes", ".Updated.Images"], "uses removed '.Updated' field"],
  ])("%s", async (_, [old = "", text = ""], reason) => {
    repo.edit({ [automationFile]: (before) => before.replace(old, text) });
    const failed = { kind: "failed", reason: expect.stringContaining(reason) };
    expect(only(await run("prod", ["v1.9.32"]))).toMatchObject(failed);
  });
});
