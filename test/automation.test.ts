import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AutomationArgs, type AutomationOutcome, runAutomation } from "../sandbox/flux/automation.ts";
import { gitRemote } from "./git-remote.ts";
import { imageTree } from "./image-tree.ts";

let repo: ReturnType<typeof gitRemote>;
beforeEach(() => {
  repo = gitRemote();
});
afterEach(() => repo.close());

const stages = ["dev", "stage", "prod"];
const file = (stage: string, app = "blog") => `apps/${app}/${stage}/deployment-patch.yaml`;
const objects = (stage: string, app = "blog") => `clusters/${stage}/infrastructure/image-updater/${app}`;

const known = ["v1.9.31", "v1.9.32-stage.1", "v1.9.32-develop.2"];
const stray = ["v1.9.33-rc.1", "latest", "1.9.40", "v1.9.31.4", "sha-abc", "v1.9.32-develop2", "v99.0"];

const run = (stage: string, tags: readonly string[], more: Partial<AutomationArgs> = {}) =>
  runAutomation({
    repository: repo.url,
    branch: "main",
    cluster: `clusters/${stage}`,
    tags: async () => tags,
    ...more,
  });

const only = ({ automations }: { readonly automations: readonly AutomationOutcome[] }) => {
  expect(automations).toHaveLength(1);
  return automations[0];
};

describe("a new tag", () => {
  beforeEach(() => repo.edit(imageTree()));

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

  it("is committed by the automation's author with its message", async () => {
    await run("prod", [...known, "v1.9.32"]);
    expect(repo.git("log", "-1", "--format=%an <%ae> %cn", "main")).toBe("flux-prod <flux-prod@example.com> flux-prod");
    expect(repo.git("log", "-1", "--format=%B", "main")).toBe(
      "chore(blog/prod): ghcr.io/acme/blog:v1.9.31 -> ghcr.io/acme/blog:v1.9.32\n\nBy blog/blog-prod",
    );
  });

  it("is told as data: what was set where", async () => {
    const { policies, automations } = await run("prod", ["v1.9.32"]);
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
  beforeEach(() => repo.edit(imageTree()));
  const head = () => ({ before: repo.head() });

  it.each(stages)("for tags of no channel: %s", async (stage) => {
    const { before } = head();
    const { policies } = await run(stage, stray);
    expect(policies).toMatchObject([{ kind: "none" }]);
    expect(repo.head()).toBe(before);
  });

  it("without any tag, and the reason is told", async () => {
    expect(only(await run("dev", []))).toEqual({
      name: "blog/blog-dev",
      kind: "unchanged",
      reason: "repository up-to-date; blog:blog-dev has no tag: no tags in database",
    });
  });

  it("when the registry does not answer, and the reason is told", async () => {
    const tags = () => Promise.reject(new Error("connection refused"));
    expect((await run("dev", [], { tags })).policies).toMatchObject([{ reason: "scan failed: connection refused" }]);
  });

  it("for a tag that the ImageRepository excludes", async () => {
    const path = `${objects("prod")}/repository.yaml`;
    repo.edit({ [path]: (text) => `${text}  exclusionList: ["^v2"]\n` });
    expect((await run("prod", ["v1.9.31", "v2.0.0"])).policies).toMatchObject([{ image: { tag: "v1.9.31" } }]);
  });

  it("by a suspended automation", async () => {
    repo.edit({ [`${objects("prod")}/automation.yaml`]: (text) => `${text}  suspend: true\n` });
    expect(only(await run("prod", ["v1.9.32"]))).toMatchObject({ kind: "unchanged", reason: "suspended" });
  });

  it("for a policy that the automation's selector leaves out", async () => {
    const path = `${objects("prod")}/policy.yaml`;
    repo.edit({ [path]: (text) => text.replace("stage: prod", "stage: other") });
    expect(only(await run("prod", ["v1.9.32"]))?.kind).toBe("unchanged");
  });

  it("in a file whose root is a list, which Flux cannot read", async () => {
    const patch = `- op: replace\n  path: /spec\n  value: a:1 # {"$imagepolicy": "blog:blog-prod"}\n`;
    repo.edit({ [file("prod")]: patch });
    expect(only(await run("prod", ["v1.9.32"]))?.kind).toBe("unchanged");
  });
});

it("writes an older tag when the newer one left the registry: Flux has no downgrade guard", async () => {
  repo.edit(imageTree());
  await run("prod", ["v1.9.30"]);
  expect(repo.read(file("prod"))).toContain("blog:v1.9.30 ");
});

it("writes over what a person set by hand", async () => {
  repo.edit(imageTree());
  repo.edit({ [file("prod")]: (text) => text.replace("v1.9.31", "v1.9.1") });
  expect(only(await run("prod", known))?.kind).toBe("committed");
});

it("every app is a commit of its own, each on top of the other", async () => {
  repo.edit(imageTree(["blog", "other-app"]));
  const { automations } = await run("prod", ["v1.9.32"]);
  expect(automations.map(({ name, kind }) => [name, kind])).toEqual([
    ["blog/blog-prod", "committed"],
    ["other-app/other-app-prod", "committed"],
  ]);
  expect(repo.commits()).toHaveLength(3);
  expect(repo.read(file("prod"))).toContain("blog:v1.9.32 ");
  expect(repo.read(file("prod", "other-app"))).toContain("other-app:v1.9.32 ");
});

describe("when a person's commit comes between clone and push", () => {
  const note = { "README.md": "by a person\n" };
  beforeEach(() => repo.edit(imageTree()));

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
    repo.edit(imageTree(["blog", "other-app"]));
    const beforePush = async (name: string) => (name === "blog/blog-prod" ? repo.edit(note) : undefined);
    const { automations } = await run("prod", ["v1.9.32"], { beforePush });
    expect(automations.map(({ kind }) => kind)).toEqual(["failed", "committed"]);
  });

  it("a refused push is told in the server's words", async () => {
    repo.refuse("main is protected");
    expect(only(await run("prod", ["v1.9.32"]))).toMatchObject({
      kind: "failed",
      reason: expect.stringContaining("main is protected"),
    });
  });
});

describe("with a push branch of its own", () => {
  const branch = "flux/prod/blog";
  const path = `${objects("prod")}/automation.yaml`;
  beforeEach(() => {
    repo.edit(imageTree());
    repo.edit({ [path]: (text) => text.replace("push:\n      branch: main", `push:\n      branch: ${branch}`) });
  });

  it("leaves the checkout branch as it is", async () => {
    const before = repo.head();
    expect(only(await run("prod", ["v1.9.32"]))).toMatchObject({
      kind: "committed",
      branch,
      commit: repo.head(branch),
    });
    expect(repo.head()).toBe(before);
  });

  it("goes on from the branch that is there already, as Flux does", async () => {
    await run("prod", ["v1.9.32"]);
    await run("prod", ["v1.9.33"]);
    expect(repo.read(file("prod"), branch)).toContain("blog:v1.9.33 ");
    expect(repo.commits(branch)).toHaveLength(4);
  });
});

describe("an automation fails, and says why,", () => {
  const automation = `${objects("prod")}/automation.yaml`;
  beforeEach(() => repo.edit(imageTree()));

  it.each([
    ["without its GitRepository", ["name: flux-system-write", "name: gone"], "does not exist: flux-system/gone"],
    [
      "with a path that is not there",
      ["apps/blog/prod", "apps/blog/gone"],
      "walking path for files: lstat apps/blog/gone",
    ],
    [
      "with a branch that is not there",
      ["ref:\n        branch: main", "ref:\n        branch: gone"],
      "failed to checkout",
    ],
    ["with a field that Flux removed", [".Changed.Changes", ".Updated.Images"], "uses removed '.Updated' field"],
  ])("%s", async (_, [old = "", text = ""], reason) => {
    repo.edit({ [automation]: (before) => before.replace(old, text) });
    const failed = { kind: "failed", reason: expect.stringContaining(reason) };
    expect(only(await run("prod", ["v1.9.32"]))).toMatchObject(failed);
  });
});
