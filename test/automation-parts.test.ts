import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { clusterObjects } from "../sandbox/flux/cluster-objects.ts";
import { commitMessage } from "../sandbox/flux/message.ts";
import { registryTags } from "../sandbox/flux/registry-tags.ts";
import { update } from "../sandbox/flux/update.ts";
import { imageTree } from "./image-tree.ts";

describe("what the stand-in does not understand is an error that names it:", () => {
  const cluster = "clusters/prod";
  const images = `${cluster}/infrastructure/image-updater/blog`;
  const [policy, updater] = [`${images}/policy.yaml`, `${cluster}/image-updater.yaml`];

  it.each([
    {
      name: "an API version that Flux no longer serves",
      edit: [policy, "fluxcd.io/v1\n", "fluxcd.io/v1beta2\n"],
      message:
        "ImagePolicy blog-prod is not understood by this stand-in:\n  apiVersion: must be image.toolkit.fluxcd.io/v1,",
    },
    {
      name: "another order of a policy",
      edit: [policy, "    semver:", "    numerical: {}\n    semver:"],
      message: 'spec.policy: Unrecognized key: "numerical"',
    },
    {
      name: "an image with a tag",
      edit: [`${images}/repository.yaml`, "acme/blog", "acme/blog:v1"],
      message: "spec.image: must be an image without scheme, tag and digest",
    },
    {
      name: "a kind that is none",
      edit: [policy, "ImagePolicy", "ImagePolice"],
      message: "there is no kind ImagePolice",
    },
    { name: "a text that is no YAML", edit: [policy, "kind:", "kind: ["], message: `${policy}: ` },
    {
      name: "a patch of kustomize",
      edit: [`${images}/kustomization.yaml`, "resources:", "patches: []\nresources:"],
      message: 'Unrecognized key: "patches"',
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
      edit: [`${images}/kustomization.yaml`, "- policy.yaml", "- ../blog"],
      message: `${images}/kustomization.yaml leads back to itself`,
    },
  ])("$name", ({ edit: [path = "", from = "", to = ""], message }) => {
    const tree = imageTree();
    const before = tree[path] ?? "";
    expect(before).toContain(from);
    const files = new Map(Object.entries({ ...tree, [path]: before.replace(from, to) }));
    expect(() => clusterObjects(files, cluster)).toThrow(message);
  });

  it("a cluster that is not there", () => {
    expect(() => clusterObjects(new Map(), cluster)).toThrow(
      "clusters/prod/kustomization.yaml is not in the repository",
    );
  });
});

describe("a commit message", () => {
  const change = (n: number) => ({ OldValue: `a:${n}`, NewValue: `a:${n + 1}`, Setter: "blog:blog-prod" });
  const data = {
    AutomationObject: { Namespace: "blog", Name: "blog-prod" },
    Changed: { Changes: [change(1), change(7)] },
    Values: { app: "blog" },
  };

  it.each([
    ["no action\n", "no action\n"],
    ["{{ .AutomationObject }} {{.AutomationObject.Name}}", "blog/blog-prod blog-prod"],
    ["chore({{ .Values.app }}): {{ $.Values.app }}", "chore(blog): blog"],
    ["{{ .Values.gone }}", "<no value>"],
    ["x{{ range .Changed.Changes }} {{ .OldValue }} -> {{ .NewValue }}{{ end }}", "x a:1 -> a:2 a:7 -> a:8"],
    [
      "x\n{{- range .Changed.Changes }}\n- {{ .Setter }}\n{{- end }}\n\ny",
      "x\n- blog:blog-prod\n- blog:blog-prod\n\ny",
    ],
    ["x {{- .Values.app -}} y", "xblogy"],
    ["x {{-  .Values.app  -}}\n\n y", "xblogy"],
    ["{{ range .Changed.Changes }}{{ $.Values.app }}{{ end }}", "blogblog"],
  ])("of %j is %j, as Go's text/template prints it", (template, message) => {
    expect(commitMessage(template, data)).toBe(message);
  });

  it.each([
    ["{{ range .Updated.Images }}{{ end }}", "template uses removed '.Updated' field"],
    ["{{ range $image, $_ := .Updated.Images }}{{ end }}", "template uses removed '.Updated' field"],
    ["{{ .Changed.ImageResult }}", "template uses removed '.Changed.ImageResult' field"],
    ["{{ .Changed.FileChanges }}", "{{ .Changed.FileChanges }} is not understood"],
    ["{{ .Changed.Changes }}", "{{ .Changed.Changes }} is not understood"],
    ["{{ range .Changed.Changes }}{{ .Values.app }}{{ end }}", "{{ .Values.app }} is not understood"],
    ["{{ now }}", "{{ now }} is not understood"],
    ["{{ if .Values.app }}x{{ end }}", "{{ if .Values.app }} is not understood"],
    ["{{ range .Changed.Changes }}", "a range has no end"],
    ["{{ end }}", "{{ end }} is not understood"],
  ])("of %j is refused", (template, message) => {
    expect(() => commitMessage(template, data)).toThrow(message);
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

describe("tags of a registry", () => {
  async function tagsFrom(answer: (url: string) => { readonly link?: string; readonly tags: unknown } | undefined) {
    const asked: string[] = [];
    const server = createServer(({ url = "" }, response) => {
      asked.push(url);
      const page = answer(url);
      response.writeHead(page ? 200 : 404, page?.link ? { link: page.link } : {});
      response.end(
        page ? JSON.stringify({ name: "acme/blog", tags: page.tags }) : '{"errors":[{"code":"NAME_UNKNOWN"}]}',
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    try {
      return { tags: await registryTags(`http://127.0.0.1:${port}`, "acme/blog"), asked };
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  }

  it("are those of all pages, in order", async () => {
    const link = '</v2/acme/blog/tags/list?n=2&last=b>; rel="next"';
    const { tags, asked } = await tagsFrom((url) =>
      url.includes("last=b") ? { tags: ["c"] } : { tags: ["a", "b"], link },
    );
    expect(tags).toEqual(["a", "b", "c"]);
    expect(asked).toEqual(["/v2/acme/blog/tags/list?n=1000", "/v2/acme/blog/tags/list?n=2&last=b"]);
  });

  it("are none when the registry says null", async () => {
    expect((await tagsFrom(() => ({ tags: null }))).tags).toEqual([]);
  });

  it("are an error for an unknown name", async () => {
    await expect(tagsFrom(() => undefined)).rejects.toThrow(/answered 404: .*NAME_UNKNOWN/);
  });

  it("are an error when a page leads back to itself", async () => {
    const link = '</v2/acme/blog/tags/list?n=1000>; rel="next"';
    await expect(tagsFrom(() => ({ tags: ["a"], link }))).rejects.toThrow("leads back to itself");
  });
});
