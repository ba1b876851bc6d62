import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { runAutomation } from "../sandbox/flux/automation.ts";
import { tagDigest } from "../sandbox/registry/digest.ts";
import { type Registry, startRegistry } from "../sandbox/registry/server.ts";
import { registryTags } from "../stacks/registry/tags.ts";
import { gitRemote } from "./git-remote.ts";
import { blogOnly, renderedTree } from "./rendered-tree.ts";

vi.setConfig({ testTimeout: 60_000 });

let registry: Registry;
let repo: ReturnType<typeof gitRemote>;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry.close());
beforeEach(() => {
  repo = gitRemote();
});
afterEach(() => repo.close());

const name = "acme/blog";
const file = "apps/blog/prod/deployment-patch.yaml";
const line = () => /image: (\S+) #/.exec(repo.read(file))?.[1];

/** The seed with `digest` of the blog as it was given. */
function publish(digest: string): void {
  const shared = { ...blogOnly["Pulumi.yaml"], "apps.blog.digest": digest };
  repo.edit(renderedTree({ ...blogOnly, "Pulumi.yaml": shared }));
}

const run = (digestOf = (_: string, tag: string) => tagDigest(registry.url, name, tag)) =>
  runAutomation({
    ...{ repository: repo.url, branch: "main", cluster: "clusters/production", digestOf },
    tags: () => registryTags({ registry: registry.url, name }),
  });

/** Puts another image under a tag that is there already. */
async function move(tag: string, to: string): Promise<string> {
  await registry.pushTag(name, to);
  const url = new URL(`/v2/${name}/manifests/`, registry.url);
  const manifest = await fetch(`${url}${to}`);
  const headers = { "content-type": manifest.headers.get("content-type") ?? "" };
  await fetch(`${url}${tag}`, { method: "PUT", headers, body: await manifest.arrayBuffer() });
  return tagDigest(registry.url, name, tag);
}

describe("digests are reflected as Flux's policy does it:", () => {
  it.each(["IfNotPresent", "Always"])("%s writes the one that the registry has, beside the tag", async (policy) => {
    await registry.pushTag(name, "v1.9.32");
    publish(policy);
    await run();
    const digest = await tagDigest(registry.url, name, "v1.9.32");
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(line()).toBe(`ghcr.io/acme/blog:v1.9.32@${digest}`);
    const head = repo.head();
    expect((await run()).automations).toMatchObject([{ kind: "unchanged" }]);
    expect(repo.head()).toBe(head);
  });

  it("Never writes none, and takes one away that is there", async () => {
    await registry.pushTag(name, "v1.9.32");
    publish("Never");
    repo.edit({ [file]: (text) => text.replace("blog:v1.9.31", `blog:v1.9.32@sha256:${"0".repeat(64)}`) });
    await run();
    expect(line()).toBe("ghcr.io/acme/blog:v1.9.32");
  });

  it("a tag that moves is followed by Always and by nobody else", async () => {
    await registry.pushTag(name, "v1.9.40");
    publish("IfNotPresent");
    await run();
    const before = line();
    const moved = await move("v1.9.40", "v0.0.1-other.1");
    expect(before).not.toContain(moved);
    await run();
    expect(line()).toBe(before);
    publish("Always");
    await run();
    expect(line()).toBe(`ghcr.io/acme/blog:v1.9.40@${moved}`);
  });

  it("without the registry's word nothing is written, and the reason is told", async () => {
    await registry.pushTag(name, "v1.9.41");
    publish("IfNotPresent");
    const { policies, automations } = await run((_, tag) => tagDigest(registry.url, "acme/nobody", tag));
    const reason = /^failed fetching digest of ghcr\.io\/acme\/blog:v1\.9\.41: .* answered 404$/;
    expect(policies).toEqual([{ policy: "blog:blog-prod", kind: "none", reason: expect.stringMatching(reason) }]);
    expect(automations).toMatchObject([{ kind: "unchanged" }]);
    expect(line()).toBe("ghcr.io/acme/blog:v1.9.31");
  });
});
