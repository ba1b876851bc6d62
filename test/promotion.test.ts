import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { runAutomation } from "../sandbox/flux/automation.ts";
import { resolve } from "../stacks/config/resolve.ts";
import { explanation } from "../stacks/explain/explanation.ts";
import { clustersOf, offersOfApp } from "../stacks/explain/offers.ts";
import { preview } from "../stacks/explain/preview.ts";
import { openRemote } from "../stacks/publish/git.ts";
import { plan } from "../stacks/publish/merge.ts";
import { publish } from "../stacks/publish/publish.ts";
import { treeOf } from "./fleets.ts";
import { gitRemote } from "./git-remote.ts";
import { blogOnly } from "./rendered-tree.ts";
import { seedSources } from "./sources.ts";

// Real git, some twenty processes a step: a busy machine takes seconds.
vi.setConfig({ testTimeout: 120_000 });

const patch = "apps/blog/prod/deployment-patch.yaml";
const automationFile = "clusters/production/infrastructure/image-updater/blog/image-update-automation.yaml";
const path = "clusters/production";

type Keys = { readonly [key: string]: unknown };

/** The tree of prod with more keys of blog, and another channel if one is given. */
function tree({ channel, exclude, ...keys }: Keys) {
  const edits = Object.entries(keys).map(([key, value]) => [`overrides.blog.${key}`, value]);
  const own = { ...blogOnly["Pulumi.prod.yaml"], ...Object.fromEntries(edits) };
  const shared = {
    ...blogOnly["Pulumi.yaml"],
    ...(channel ? { "stages.2.channel": channel } : {}),
    ...(exclude ? { "apps.blog.exclude": exclude } : {}),
  };
  return treeOf("prod", resolve(seedSources({ ...blogOnly, "Pulumi.yaml": shared, "Pulumi.prod.yaml": own })));
}

describe("a stage that takes no new tag", () => {
  it.each([
    ["held", { hold: true }, "v1.9.31"],
    ["pinned", { pin: "v1.9.30" }, "v1.9.30"],
  ])("has a %s line and a suspended automation, and all else as before", (key, keys, tag) => {
    const before = tree({}).files;
    const after = tree(keys).files;
    const changed = Object.keys(after).filter((file) => after[file] !== before[file]);
    expect(changed).toEqual([patch, automationFile]);
    expect(after[patch]).toContain(`image: ghcr.io/acme/blog:${tag} # {"$${key}": "blog:blog-prod"}\n`);
    expect(after[automationFile]).toBe(`${before[automationFile]}  suspend: true\n`);
  });
});

describe("in the repository", () => {
  let repo: ReturnType<typeof gitRemote>;
  beforeEach(() => {
    repo = gitRemote();
  });
  afterEach(() => repo.close());

  async function up(keys: Keys): Promise<void> {
    const { files, placeholders } = tree(keys);
    const desired = new Map(Object.entries(files));
    const remote = openRemote({ url: repo.url, branch: "main" });
    try {
      const target = { stage: "prod", clusters: [path], paths: [...desired.keys(), ...placeholders] };
      await publish(remote, { target, plan: (head) => plan({ stage: "prod", path, desired, placeholders, head }) });
    } finally {
      remote.close();
    }
  }

  const tags = ["v1.9.30", "v1.9.31", "v1.9.32"];
  const flux = (more: Partial<Parameters<typeof runAutomation>[0]> = {}) =>
    runAutomation({ repository: repo.url, branch: "main", cluster: path, tags: async () => tags, ...more });
  const running = () => /blog:(\S+) #/.exec(repo.read(patch))?.[1];
  const filesNow = () => new Map(repo.files().map((file) => [file, repo.read(file)]));

  it("a hold keeps what runs, whatever is newer, until it is taken away", async () => {
    await up({});
    await flux({ tags: async () => ["v1.9.31", "v1.9.32"] });
    await up({ hold: true });
    await flux({ tags: async () => [...tags, "v1.9.33"] });
    expect(running()).toBe("v1.9.32");
    await up({});
    await flux({ tags: async () => [...tags, "v1.9.33"] });
    expect(running()).toBe("v1.9.33");
  });

  it("a rollback is one pin and stays; without it Flux goes on from there", async () => {
    await up({});
    await flux();
    expect(running()).toBe("v1.9.32");
    await up({ pin: "v1.9.30" });
    expect(running()).toBe("v1.9.30");
    await flux({ tags: async () => [...tags, "v1.9.40"] });
    await up({ pin: "v1.9.30", replicas: 5 });
    expect(running()).toBe("v1.9.30");
    await up({});
    expect(running()).toBe("v1.9.30");
    await flux();
    expect(running()).toBe("v1.9.32");
  });

  describe("a lower version", () => {
    const refusal =
      "clusters/production/infrastructure/image-updater/blog/image-policy.yaml: blog runs v1.9.32, which its policy would no longer take, so Flux could go back to a lower version: hold or pin blog in prod, or set its allowDowngrade: v1.9.32";
    beforeEach(async () => {
      await up({});
      await flux();
      expect(running()).toBe("v1.9.32");
    });

    it.each([
      ["a ceiling", { channel: { stable: true, ceiling: "1.9.32" } }],
      ["another channel", { channel: { prerelease: "rc" }, tag: "v1.9.31-rc.1" }],
      ["an exclusion", { exclude: ["^v1\\.9\\.32$"] }],
    ])("does not come by %s, and nothing is pushed", async (_, keys) => {
      const before = repo.head();
      await expect(up(keys)).rejects.toThrow(refusal);
      expect(repo.head()).toBe(before);
    });

    it("comes by a ceiling where it is allowed for the tag that runs, stays, and goes with the ceiling", async () => {
      const keys = { channel: { stable: true, ceiling: "1.9.32" }, allowDowngrade: "v1.9.32" };
      await expect(up({ ...keys, allowDowngrade: "v1.9.31" })).rejects.toThrow(refusal);
      await up(keys);
      await flux({ tags: async () => [...tags, "v1.9.33"] });
      expect(running()).toBe("v1.9.31");
      await up({ channel: keys.channel });
      await up({});
      await flux();
      expect(running()).toBe("v1.9.32");
    });

    it("does not come when a hold or a pin goes above a ceiling that was drawn meanwhile", async () => {
      await up({ hold: true });
      await up({ hold: true, channel: { stable: true, ceiling: "1.9.32" } });
      expect(running()).toBe("v1.9.32");
      await expect(up({ channel: { stable: true, ceiling: "1.9.32" } })).rejects.toThrow(refusal);
    });

    it("is none where everything that is left is higher", async () => {
      await up({ channel: { stable: true, floor: "1.9.40" }, tag: "v1.9.40" });
      await flux({ tags: async () => [...tags, "v1.9.41"] });
      expect(running()).toBe("v1.9.41");
    });

    it("is not what any other edit is taken for", async () => {
      repo.edit({ [patch]: (text) => text.replace("v1.9.32", "v3.0.0-by-hand") });
      await up({ replicas: 5 });
      expect(running()).toBe("v3.0.0-by-hand");
    });
  });

  it("an automation that has not heard of the pin yet cannot undo it", async () => {
    await up({});
    const { [automationFile]: deaf = "" } = tree({}).files;
    await flux({ beforePush: () => up({ pin: "v1.9.30" }) });
    expect(running()).toBe("v1.9.30");
    repo.edit({ [automationFile]: deaf });
    await flux();
    expect(running()).toBe("v1.9.30");
  });

  it("explain tells of a pin and of a hold, and what would be taken else", async () => {
    await up({ pin: "v1.9.30" });
    const pinned = "pinned to v1.9.30 until pin goes from the overrides of blog in prod";
    const ask = (tag: string) => explanation(filesNow(), { image: "ghcr.io/acme/blog", tag, isLive: true }).stages;
    expect(ask("v1.9.32")).toMatchObject([{ accepted: false, reason: pinned }]);
    expect(ask("v1.9.30")).toMatchObject([{ accepted: true, reason: pinned }]);
    await up({ hold: true });
    const held = "held at v1.9.30 until hold goes from the overrides of blog in prod";
    expect(ask("v1.9.32")).toMatchObject([{ accepted: false, reason: held }]);
    const [offer] = offersOfApp("blog", "prod", clustersOf(filesNow(), true));
    expect(offer && preview(offer, tags)).toMatchObject({
      ...{ selected: null, reason: held, candidates: ["v1.9.32", "v1.9.31", "v1.9.30"] },
    });
  });
});
