import { describe, expect, it } from "vitest";
import { clusterObjects } from "../sandbox/flux/cluster-objects.ts";
import { policyOutcomes } from "../sandbox/flux/policies.ts";
import { update } from "../sandbox/flux/update.ts";
import { blogOnly, renderedTree } from "./rendered-tree.ts";

describe("what the stand-in does not understand is an error that names it:", () => {
  const tree = renderedTree(blogOnly);
  const cluster = "clusters/production";
  const images = `${cluster}/infrastructure/image-updater/blog`;
  const [policy, updater] = [`${images}/image-policy.yaml`, `${cluster}/image-updater.yaml`];

  it.each([
    {
      name: "an API version that Flux no longer serves",
      edit: [policy, "fluxcd.io/v1\n", "fluxcd.io/v1beta2\n"],
      message:
        "ImagePolicy blog-prod is not understood by this stand-in:\n  apiVersion: must be image.toolkit.fluxcd.io/v1,",
    },
    {
      name: "two orders of a policy",
      edit: [policy, "    semver:", "    numerical: {}\n    semver:"],
      message: "spec.policy: must be one of semver, numerical and alphabetical",
    },
    {
      name: "an image with a tag",
      edit: [`${images}/image-repository.yaml`, "acme/blog", "acme/blog:v1"],
      message: "spec.image: must be an image without scheme, tag and digest",
    },
    {
      name: "a kind that is none",
      edit: [policy, "ImagePolicy", "ImagePolice"],
      message: "there is no kind ImagePolice",
    },
    { name: "a text that is no YAML", edit: [policy, "kind:", "kind: ["], message: `${policy}: ` },
    {
      name: "a namespace set by kustomize",
      edit: [`${images}/kustomization.yaml`, "resources:", "namespace: a\nresources:"],
      message: 'Unrecognized key: "namespace"',
    },
    {
      name: "a patch of anything but a Deployment",
      edit: [`${cluster}/flux-system/kustomization.yaml`, "kind: Deployment", "kind: GitRepository"],
      message: 'patches.0.target.kind: Invalid input: expected "Deployment"',
    },
    {
      name: "a target namespace",
      edit: [updater, "  prune: true", "  prune: true\n  targetNamespace: a"],
      message: 'spec: Unrecognized key: "targetNamespace"',
    },
    {
      name: "no image-updater",
      edit: [updater, "name: image-updater", "name: other"],
      message: "leads to no Flux Kustomization named image-updater",
    },
    {
      name: "a resource that is not there",
      edit: [`${cluster}/kustomization.yaml`, "- flux-system", "- gone"],
      message: "lists gone, which is no file or folder here",
    },
    {
      name: "a folder that lists itself",
      edit: [`${images}/kustomization.yaml`, "- image-policy.yaml", "- ../blog"],
      message: `${images}/kustomization.yaml leads back to itself`,
    },
  ])("$name", ({ edit: [path = "", from = "", to = ""], message }) => {
    const before = tree[path] ?? "";
    expect(before).toContain(from);
    const files = new Map(Object.entries({ ...tree, [path]: before.replace(from, to) }));
    expect(() => clusterObjects(files, cluster)).toThrow(message);
  });

  it("but a cluster that syncs nothing has nothing to automate", () => {
    const files = {
      ...tree,
      [`${cluster}/kustomization.yaml`]: (tree[`${cluster}/kustomization.yaml`] ?? "").replace(/ {2}- .*yaml\n/g, ""),
    };
    expect(clusterObjects(new Map(Object.entries(files)), cluster).automations).toEqual([]);
  });

  it("a cluster that is not there", () => {
    expect(() => clusterObjects(new Map(), cluster)).toThrow(
      "clusters/production/kustomization.yaml is not in the repository",
    );
  });
});

describe("a policy has no tag", () => {
  const objects = (edit: (text: string) => string = (text) => text) => {
    const files = Object.entries(renderedTree(blogOnly)).map(([path, text]) => [path, edit(text)] as const);
    return clusterObjects(new Map(files), "clusters/stage");
  };
  const none = (reason: string) => [{ policy: "blog:blog-stage", kind: "none", reason }];
  const suspended = (kind: string) => (text: string) =>
    text.includes(`kind: ${kind}\n`) ? `${text}  suspend: true\n` : text;

  it.each([
    ["v1.9.33-rc.1", "v1.9.33", "v1.9.33-develop.1"],
    ["latest", "sha-abc", "1.9.40-stage.1"],
    ["v1.9.31.4-stage.1", "v1.9.33-stage1", "v1.9.33-stage.01"],
  ])("when all tags are of no stage or another: %s, %s, %s", async (...tags) => {
    expect(await policyOutcomes(objects(), async () => tags)).toEqual(none("version list argument cannot be empty"));
  });

  it("when the registry does not answer", async () => {
    const refused = () => Promise.reject(new Error("connection refused"));
    expect(await policyOutcomes(objects(), refused)).toEqual(none("scan failed: connection refused"));
  });

  it("when its ImageRepository excludes them, by a match anywhere", async () => {
    const excluding = objects((text) => text.replace("'^.*\\.sig$'", "'stage'"));
    expect(await policyOutcomes(excluding, async () => ["v1.9.33-stage.1"])).toEqual(none("no tags in database"));
  });

  it.each([
    ["ImagePolicy", "suspended"],
    ["ImageRepository", "its ImageRepository is suspended"],
  ])("when its %s is suspended", async (kind, reason) => {
    expect(await policyOutcomes(objects(suspended(kind)), async () => ["v1.9.33-stage.1"])).toEqual(none(reason));
  });

  it("when there is no ImageRepository of that name", async () => {
    const gone = objects((text) =>
      text.replace("imageRepositoryRef:\n    name: blog", "imageRepositoryRef:\n    name: gone"),
    );
    expect(await policyOutcomes(gone, async () => [])).toEqual(none("referenced ImageRepository does not exist: gone"));
  });
});

describe("an update", () => {
  const image = (tag: string) => ({ name: "ghcr.io/acme/blog", tag, digest: undefined });
  const marked = (value: string, policy: string) => `image: ${value} # {"$imagepolicy": "${policy}"}\n`;
  const files = new Map([
    ["apps/blog/dev/a.yaml", `${marked("a:1", "blog:dev")}${marked("a:1", "blog:dev:tag").replace("image", "tag")}`],
    ["apps/blog/dev/a.txt", marked("a:1", "blog:dev")],
    ["apps/blog/dev-2/a.yaml", marked("a:1", "blog:dev")],
    ["apps/blog/dev/broken.yaml", `${marked("a:1", "blog:dev")}a: [\n`],
    ["apps/blog/dev/json6902.yaml", `- op: replace\n  ${marked("a:1", "blog:dev")}`],
  ]);

  it("stays in its folder, and in the files that Flux reads", () => {
    const { texts, changes } = update(files, "apps/blog/dev", new Map([["blog:dev", image("v2")]]));
    expect([...texts.keys()]).toEqual(["apps/blog/dev/a.yaml"]);
    expect(changes).toEqual([
      { path: "apps/blog/dev/a.yaml", setter: "blog:dev", from: "a:1", to: "ghcr.io/acme/blog:v2" },
      { path: "apps/blog/dev/a.yaml", setter: "blog:dev:tag", from: "a:1", to: "v2" },
    ]);
  });

  it("of another policy changes nothing", () => {
    expect(update(files, ".", new Map([["blog:prod", image("v2")]])).texts.size).toBe(0);
  });
});
