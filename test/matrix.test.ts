import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { matrixCommand } from "../commands/matrix.ts";
import { startHetzner } from "../sandbox/hetzner/start.ts";
import type { matrix } from "../stacks/matrix/matrix.ts";
import { movements } from "../stacks/matrix/movements.ts";
import { manifestPath, manifestText } from "../stacks/publish/ownership.ts";
import { setMarked } from "../stacks/tree/setters.ts";
import { gitRemote } from "./git-remote.ts";
import { hetznerToken } from "./hetzner-client.ts";
import { renderedTree } from "./rendered-tree.ts";
import { placeSeed } from "./sources.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const patch = (stage: string) => `apps/blog/${stage}/deployment-patch.yaml`;
const owned = Object.fromEntries(
  ["dev", "stage", "prod"].map((stage) => {
    return [manifestPath(`clusters/${stage === "prod" ? "production" : stage}`), manifestText(stage, [])];
  }),
);
const known = ["v1.9.30", "v1.9.31", "v1.9.33", "v1.9.34-stage.1", "v1.9.35-stage.1", "v1.9.35-develop.4", "latest"];

let repo: ReturnType<typeof gitRemote>;
let project: string;
let tags: string;

const tag = (stage: string, to: string) =>
  repo.edit({
    [patch(stage)]: (text) =>
      setMarked(text, `blog:blog-${stage}`, { name: "ghcr.io/acme/blog", tag: to, digest: undefined }),
  });

beforeAll(() => {
  repo = gitRemote();
  project = mkdtempSync(join(tmpdir(), "matrix-"));
  placeSeed(project);
  tags = join(project, "tags.json");
  writeFileSync(tags, JSON.stringify({ "ghcr.io/acme/blog": known }));
  repo.edit({ ...renderedTree(), ...owned });
  tag("dev", "v1.9.35-develop.4");
  tag("stage", "v1.9.33-stage.1");
  tag("stage", "v1.9.34-stage.1");
  repo.edit({ [patch("prod")]: (text) => text.replace("$imagepolicy", "$held") });
});
afterAll(() => {
  repo.close();
  rmSync(project, { recursive: true, force: true });
});

const run = (...args: string[]) =>
  matrixCommand(["--repo", repo.url, ...args], {
    ...{ directory: project, environment: { PATH: "" }, now: () => new Date(Date.now() + 3 * 86_400_000) },
  });

async function cells() {
  const { text } = await run("--json", "--tags", tags);
  return JSON.parse(text).cells as ReturnType<typeof matrix>;
}
const ofBlog = async () => (await cells()).filter(({ app }) => app === "blog");

describe("the matrix of a repository", () => {
  it("has every app in every stage, in promotion order", async () => {
    expect((await cells()).map(({ app, stage }) => `${app} ${stage}`)).toEqual(
      ["blog", "other-app", "second-other-app"].flatMap((app) =>
        ["dev", "stage", "prod"].map((each) => `${app} ${each}`),
      ),
    );
  });

  it("is read of a folder that leaves out what nobody asks for, as servers do", async () => {
    repo.git("config", "uploadpack.allowFilter", "true");
    repo.git("config", "uploadpack.allowAnySHA1InWant", "true");
    const { code, text } = await run("--offline");
    repo.git("config", "uploadpack.allowFilter", "false");
    expect([code, text]).toEqual([0, expect.stringContaining("v1.9.35-develop.4")]);
  });

  it("tells the tag, since when, and by which commit", async () => {
    const [dev, , prod] = await ofBlog();
    expect(dev).toMatchObject({ tag: "v1.9.35-develop.4", state: "automatic", since: { author: "someone" } });
    expect(dev?.since?.id).toBe(repo.git("log", "--format=%H", "--", patch("dev")).split("\n")[0]);
    // The line was written anew by the hold, with the tag that was there from the first commit on.
    expect(prod).toMatchObject({ tag: "v1.9.31", state: "held" });
    expect(prod?.since?.id).toBe(repo.git("rev-list", "--max-parents=0", "main"));
  });

  it("tells what is newer, and why it does not run", async () => {
    const [dev, stage, prod] = await ofBlog();
    const held = "held at v1.9.31 until hold goes from the overrides of blog in prod";
    expect(dev?.newer).toEqual([]);
    expect(stage?.newer).toEqual([
      { tag: "v1.9.35-stage.1", reason: "Flux has not committed it yet" },
      { tag: "v1.9.35-develop.4", reason: expect.stringContaining("after v1.9.35 it wants -stage") },
    ]);
    expect(prod?.newer).toEqual([
      { tag: "v1.9.33", reason: held },
      { tag: "v1.9.35-stage.1", reason: expect.stringContaining("after v1.9.35 it wants nothing more") },
    ]);
  });

  it("tells how many versions a stage is behind the one before it", async () => {
    expect((await ofBlog()).map(({ behind }) => behind)).toEqual([
      null,
      { stage: "dev", versions: 1 },
      { stage: "stage", versions: 3 },
    ]);
  });

  it("says what it does not know", async () => {
    const other = (await cells()).filter(({ app }) => app === "other-app");
    expect(other.map(({ unknown }) => unknown)).toEqual(Array(3).fill("no registry was asked"));
  });
});

describe("of the clusters", () => {
  const around = { now: () => new Date("2026-11-01T00:00:00Z") };
  const asked = (environment: NodeJS.ProcessEnv, ...args: string[]) =>
    matrixCommand(["--repo", repo.url, "--tags", tags, ...args], { ...around, directory: project, environment });

  it("tells the price by Hetzner's list, and until when a kubeconfig is good by the stack's output", async () => {
    const hetzner = await startHetzner({ token: hetznerToken });
    const bin = mkdtempSync(join(tmpdir(), "matrix-bin-"));
    const says = `case "$5" in prod) echo 'error: no stack named prod found' >&2; exit 255;; dev) echo 2026-11-21T00:00:00Z;; *) echo 2027-10-01T00:00:00Z;; esac`;
    writeFileSync(join(bin, "pulumi"), `#!/bin/sh\n[ "$3" = kubeconfigExpires ] || exit 1\n${says}\n`, { mode: 0o755 });
    const environment = { PATH: `${bin}:/usr/bin:/bin`, HCLOUD_TOKEN: hetznerToken, HCLOUD_ENDPOINT: hetzner.url };
    const { text } = await asked(environment);
    const { text: json } = await asked(environment, "--json");
    await hetzner.close();
    rmSync(bin, { recursive: true });
    const said = text.replace(/\n {4}/g, " ");
    expect(said).toMatch(/ dev: k3s .*, \d+\.\d\d EUR a month, kubeconfig until 2026-11-21, in 20 d\n/);
    expect(said).toMatch(/ stage: k3s .*, \d+\.\d\d EUR a month, kubeconfig until 2027-10-01\n/);
    expect(said).toMatch(
      /Not known:\n {2}the certificate's end of prod: pulumi stack output: no stack named prod found$/,
    );
    expect(JSON.parse(json).clusters[0]).toMatchObject({
      ...{ month: { net: expect.any(Number), currency: "EUR" }, expires: { at: "2026-11-21T00:00:00Z" } },
    });
    expect(hetzner.journal.writes()).toEqual([]);
  });

  it("says why it does not know, once for all stages", async () => {
    const { text } = await asked({ PATH: "" });
    const [, unknown = ""] = text.replace(/\n {4}/g, " ").split("Not known:\n");
    expect(unknown.split("\n")).toEqual([
      "  the price of dev, stage, prod: set HCLOUD_TOKEN: Hetzner tells its prices to any token",
      "  the certificate's end of dev, stage, prod: there is no Pulumi CLI to ask for its stack's output",
    ]);
  });
});

it("fits 80 columns", async () => {
  const { code, text } = await run("--tags", tags);
  expect(code).toBe(0);
  expect(text.split("\n").filter((line, index) => index > 0 && line.length > 80)).toEqual([]);
  const stable = text.replaceAll(repo.url, "REPO").replace(/[0-9a-f]{7}\b/g, "1234567");
  await expect(`${stable}\n`).toMatchFileSnapshot("matrix/table.txt");
});

describe("the page", () => {
  it("draws a lane for each version through the stages, and needs nothing else", async () => {
    const file = join(project, "matrix.html");
    expect((await run("--tags", tags, "--html", file)).text).toBe(`${file}: the matrix as a page.`);
    const page = readFileSync(file, "utf8");
    expect(page).not.toMatch(/(src|href)=|@import|url\(/);
    const [, blog = ""] = page.split('<section id="blog">');
    const rows = blog.split("</table>")[0]?.split("<tr>").slice(2) ?? [];
    const lanes = rows.map((row) => row.replace(/<t[dh][^>]*>/g, "|").replace(/<[^>]*>|\n/g, ""));
    expect(lanes).toEqual([
      "|1.9.35|v1.9.35-develop.4||",
      "|1.9.34||v1.9.34-stage.1|",
      "|1.9.33||v1.9.33-stage.1|",
      "|1.9.32|v1.9.32-develop.2|v1.9.32-stage.1|",
      "|1.9.31|||v1.9.31 held",
    ]);
    expect(blog.split("</section>")[0]?.match(/class="tag now/g)).toHaveLength(3);
  });

  it("closes every tag that it opens", async () => {
    const file = join(project, "matrix.html");
    await run("--offline", "--html", file);
    const open: string[] = [];
    for (const [, slash, name = ""] of readFileSync(file, "utf8").matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*>/g)) {
      if (slash) expect(open.pop()).toBe(name);
      else if (!["meta", "br"].includes(name)) open.push(name);
    }
    expect(open).toEqual([]);
  });

  it("shows what people wrote as text", async () => {
    repo.git("update-ref", "refs/heads/hostile", "main");
    repo.edit({ [patch("dev")]: (text) => text.replace("develop.4", "develop.5") }, "hostile");
    const file = join(project, "matrix.html");
    const subject = `"><script>alert(1)</script>`;
    const names = ["-c", "user.name=x", "-c", "user.email=x@example.com"];
    const id = repo.git(...names, "commit-tree", "hostile^{tree}", "-p", "main", "-m", subject);
    repo.git("update-ref", "refs/heads/hostile", id);
    await run("--offline", "--branch", "hostile", "--html", file);
    const page = readFileSync(file, "utf8");
    expect(page).not.toContain("<script>");
    expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  });
});

describe("it is refused, with the way out:", () => {
  it.each([
    [["--what"], 2, "Unknown option '--what'"],
    [["--branch", "gone"], 1, "has no branch gone: create it, or configure one of: "],
    [["--tags", "/nowhere.json"], 1, 'There is no file /nowhere.json: name one with {"<image>": ["<tag>", …]}.'],
  ])("%j", async (args, code, message) => {
    expect(await run(...args)).toMatchObject({ code, text: expect.stringContaining(message) });
  });
});

it("a merge is one step of its branch, with the merge's own commit", () => {
  const log =
    '\0a1\u001fann\u001f2026-01-02T00:00:00Z\u001fMerge\n\ndiff --git a/x.yaml b/x.yaml\n--- a/x.yaml\n+++ b/x.yaml\n@@ -1 +1 @@\n-image: a:1 # {"$imagepolicy": "a:b"}\n+image: a:2 # {"$imagepolicy": "a:b"}\n';
  const commit = { id: "a1", author: "ann", at: "2026-01-02T00:00:00Z", subject: "Merge" };
  expect(movements(log)).toEqual(new Map([["x.yaml a:b", [{ tag: "2", commit }]]]));
});
