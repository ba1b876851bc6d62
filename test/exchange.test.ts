/** What goes over the wire: it grows with a stage's change, not with the repository. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { startGit } from "../sandbox/git/server.ts";
import { resolve } from "../stacks/config/resolve.ts";
import { openRemote } from "../stacks/publish/git.ts";
import { setMarked } from "../stacks/tree/setters.ts";
import { fill, type Size } from "./big-repository.ts";
import { publisher } from "./flux/harness/publisher.ts";
import { gitRemote } from "./git-remote.ts";
import { startRelay } from "./relay.ts";
import { seedSources } from "./sources.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const size = { files: 2_000, commits: 3, bytes: 200 };

/** A host as GitHub is: it leaves out what is not asked for. */
async function host(content: Partial<Size> = {}) {
  const repository = gitRemote();
  const git = await startGit({ root: repository.folder });
  await git.createRepository("remote.git");
  await fill(repository.url, { ...size, ...content });
  const relay = await startRelay(git.port);
  closing.push(repository.close, git.close, relay.close);
  return { repository, relay, url: `http://127.0.0.1:${relay.port}/remote.git` };
}

const fleet = resolve(seedSources());
const wider = resolve(seedSources({ "Pulumi.dev.yaml": { "overrides.blog.replicas": 4 } }));

describe("publishing into a repository of thousands of files", () => {
  it("fetches folders and no file of people, however large their files are", async () => {
    const [small, large] = [await host(), await host({ bytes: 4_000 })];
    const taken = [];
    for (const { relay, url } of [small, large]) {
      await publisher(url).up(fleet, "dev");
      taken.push(relay.taken());
    }
    const [first, second] = taken;
    expect(second?.received).toBeLessThan((first?.received ?? 0) + 2_000);
    // A file's line in its folder: mode, name, id.
    expect(second?.received).toBeLessThan(size.files * 45 + 10_000);
  });

  it("sends the stage's files and nothing else", async () => {
    const { relay, url, repository } = await host({ bytes: 4_000 });
    await publisher(url).up(fleet, "dev");
    expect(relay.taken().sent).toBeLessThan(60_000);
    expect(repository.git("rev-list", "--count", "main")).toBe("4");
  });

  it("fetches only those of the stage's files that it cannot know already", async () => {
    const { relay, url, repository } = await host();
    const program = publisher(url);
    await program.up(fleet, "dev");
    await program.up(fleet, "prod");
    const patch = "apps/blog/dev/deployment-patch.yaml";
    repository.edit({
      [patch]: (text) =>
        setMarked(text, "blog:blog-dev", { name: "ghcr.io/acme/blog", tag: "v1.9.40-develop.1", digest: undefined }),
    });
    relay.taken();
    await program.up(wider, "dev");
    expect(repository.read(patch)).toContain("v1.9.40-develop.1");
    const exchanges = relay.taken().requests.filter((each) => each.startsWith("POST") && each.endsWith("upload-pack"));
    // The references and the head; then, in one exchange each, the other stage's list and the file that Flux wrote.
    expect(exchanges.length).toBeLessThanOrEqual(8);
  });

  it("does not fetch what bootstrap made of a placeholder", async () => {
    const { relay, url, repository } = await host();
    const program = publisher(url);
    await program.up(fleet, "dev");
    const components = "clusters/dev/flux-system/gotk-components.yaml";
    repository.edit({ [components]: () => `# ${randomBytes(300_000).toString("hex")}\n` });
    relay.taken();
    await program.up(wider, "dev");
    expect(relay.taken().received).toBeLessThan(size.files * 45 + 10_000);
    expect(repository.read(components).length).toBeGreaterThan(600_000);
  });

  it("costs what `git ls-remote` costs where nothing is to do", async () => {
    const { relay, url, repository } = await host();
    const program = publisher(url);
    const commit = await program.up(fleet, "dev");
    relay.taken();
    await promisify(execFile)("git", ["ls-remote", url, "refs/heads/main"], { cwd: repository.folder });
    const floor = relay.taken();
    expect(await program.up(fleet, "dev")).toBe(commit);
    expect(relay.taken()).toEqual(floor);
  });

  it("looks at the repository again once somebody else was there, and asks for its names no second time", async () => {
    const { relay, url, repository } = await host();
    const program = publisher(url);
    await program.up(fleet, "dev");
    repository.edit({ "apps/blog/dev/kustomization.yaml": "resources: []\n" });
    relay.taken();
    await program.up(fleet, "dev");
    const asked = relay.taken().requests.filter((each) => each === "POST /remote.git/git-upload-pack");
    // The tip, the head by its id, and the text that is another now.
    expect(asked).toHaveLength(3);
    expect(repository.read("apps/blog/dev/kustomization.yaml")).toContain("../base");
  });
});

describe("a history", () => {
  it("is read without the files that nobody asked about", async () => {
    const { relay, url, repository } = await host({ commits: 50, bytes: 4_000 });
    repository.edit({ "a.yaml": "a: 1\n" });
    repository.edit({ "a.yaml": "a: 2\n" });
    relay.taken();
    const remote = openRemote({ url, branch: "main" });
    closing.push(remote.close);
    const log = await remote.log(await remote.fetch(), { options: ["--format=%s"], paths: ["a.yaml"] });
    expect(log).toMatch(/^-a: 1\n\+a: 2$/m);
    expect(relay.taken().received).toBeLessThan(size.files * 45 + 50 * 20_000);
  });
});
