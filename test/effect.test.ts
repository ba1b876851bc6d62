import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { effectMarkdown } from "../commands/preview/markdown.ts";
import { effectText } from "../commands/preview/text.ts";
import { previewCommand } from "../commands/preview.ts";
import { chosenTags, policyEdits } from "../stacks/preview/chosen.ts";
import { effect } from "../stacks/preview/effect.ts";
import { readPreview } from "../stacks/preview/events.ts";
import { lineDiff } from "../stacks/preview/line-diff.ts";
import { fenced } from "../stacks/publish/fence.ts";
import { treeOf, withApp, withStage } from "./fleets.ts";

interface Texts {
  readonly [path: string]: string;
}

const urn = (type: string, name: string) => `urn:pulumi:prod::k3s-stages::${type}::${name}`;
const state = (type: string, inputs: object) => ({ type, inputs });
const treeState = (files: Texts) =>
  state("gitops:index:Tree", {
    files: Object.fromEntries(Object.entries(files).map(([path, text]) => [path, fenced(text)])),
  });

const ofTree = (before: Texts, after: Texts) => ({
  ...{ op: "update", urn: urn("gitops:index:Tree", "prod") },
  ...{ oldState: treeState(before), newState: treeState(after) },
});

const answer = (steps: readonly object[], diagnostics: readonly object[] = []) =>
  effect("prod", readPreview(JSON.stringify({ steps, diagnostics })));

const { files } = treeOf("prod");
const patch = "apps/blog/prod/deployment-patch.yaml";
const live = { ...files, [patch]: (files[patch] ?? "").replace("v1.9.31", "v1.9.32") };

describe("the effect of a change of files", () => {
  it("of a pin is another tag, another writer, and the line", () => {
    const pinned = treeOf("prod", withApp("prod", "blog", { promotion: { kind: "pinned", tag: "v1.9.30" } })).files;
    const found = answer([ofTree(live, pinned)]);
    const line = { file: patch, policy: "blog:blog-prod" };
    expect(found.images).toEqual([{ ...line, from: "v1.9.32", to: "v1.9.30" }]);
    expect(found.writers).toEqual([{ ...line, from: "Flux", to: "the configuration" }]);
    expect(found.files.map(({ path }) => path.split("/").at(-1))).toEqual([
      "deployment-patch.yaml",
      "image-update-automation.yaml",
    ]);
    expect(found.files[0]?.diff).toContain(
      '+          image: ghcr.io/acme/blog:v1.9.30 # {"$pinned": "blog:blog-prod"}',
    );
    expect(found).toMatchObject({ isChange: true, policies: [], pruned: [], dangers: [] });
  });

  it("of another image under the same tag is the image, before and after", () => {
    const moved = treeOf("prod", withApp("prod", "blog", { image: "ghcr.io/acme/weblog", tag: "v1.9.32" })).files;
    const line = { file: patch, policy: "blog:blog-prod" };
    expect(answer([ofTree(live, moved)]).images).toEqual([
      { ...line, from: "ghcr.io/acme/blog:v1.9.32", to: "ghcr.io/acme/weblog:v1.9.32" },
    ]);
  });

  it("of an app that leaves is what Flux removes, and the lines that lose their writer", () => {
    const without = treeOf(
      "prod",
      withStage("prod", ({ apps }) => ({ apps: apps.slice(1) })),
    ).files;
    const found = answer([ofTree(live, without)]);
    expect(found.pruned.map(({ object }) => object)).toEqual([
      "Deployment blog",
      "Ingress blog-http",
      "Ingress blog-https",
      "Service blog",
      "Kustomization flux-system/blog and all that it applied from ./apps/blog/prod",
      "ImagePolicy blog/blog-prod",
      "ImageRepository blog/blog",
      "ImageUpdateAutomation blog/blog-prod",
    ]);
    expect(found.writers).toEqual([{ file: patch, policy: "blog:blog-prod", from: "Flux", to: null }]);
  });

  it("of a channel is the policies, before and after", () => {
    const fenced = treeOf(
      "prod",
      withStage("prod", () => ({ channel: { kind: "stable", ceiling: "2.0.0" } })),
    ).files;
    const { policies } = answer([ofTree(live, fenced)]);
    expect(policies.map(({ policy }) => policy)).toEqual([
      "blog:blog-prod",
      "other-app:other-app-prod",
      "second:second-other-app-prod",
    ]);
    expect(policies[0]?.from).toContain('{"semver":{"range":">=0.0.0"}}');
    const range = (text: string) => `{"semver":{"range":"${text}"}}`;
    expect(effectText(answer([ofTree(live, fenced)]))).toContain(
      `  blog:blog-prod: ${range(">=0.0.0")} -> ${range(">=0.0.0 <2.0.0")}\n`,
    );
    expect(policies[0]?.to).toContain('{"semver":{"range":">=0.0.0 <2.0.0"}}');
  });
});

describe("danger is marked:", () => {
  const server = "hcloud:index/server:Server";
  const firewall = "hcloud:index/firewall:Firewall";
  const rules = (...sourceIps: readonly string[]) => ({
    rules: [{ direction: "in", protocol: "tcp", port: "6443", sourceIps }],
  });
  it.each([
    [
      "a control-plane node that is replaced",
      [
        { op: "create-replacement", urn: urn(server, "a"), newState: state(server, { labels: { role: "server" } }) },
        { op: "replace", urn: urn(server, "a"), newState: state(server, { labels: { role: "server" } }) },
        { op: "delete-replaced", urn: urn(server, "a"), oldState: state(server, {}) },
      ],
      ["a: a control-plane node: its disk is lost, and the cluster has one member less"],
    ],
    [
      "an agent that goes",
      [{ op: "delete", urn: urn(server, "b"), oldState: state(server, { labels: { role: "agent" } }) }],
      ["b: its disk is lost"],
    ],
    [
      "a wider firewall",
      [
        {
          ...{ op: "update", urn: urn(firewall, "f"), oldState: state(firewall, rules("203.0.113.0/24")) },
          newState: state(firewall, rules("203.0.113.0/24", "0.0.0.0/0")),
        },
      ],
      ["f: the firewall opens tcp 6443 from 0.0.0.0/0"],
    ],
    [
      "a protection that goes",
      [
        {
          ...{ op: "update", urn: urn(server, "a"), oldState: state(server, { deleteProtection: true }) },
          newState: state(server, { deleteProtection: false }),
        },
      ],
      ["a: deleteProtection goes"],
    ],
  ])("%s", (_, steps, dangers) => expect(answer(steps).dangers).toEqual(dangers));

  it("and a narrower firewall, a new server and a label are none", () => {
    const steps = [
      {
        ...{ op: "update", urn: urn(firewall, "f"), oldState: state(firewall, rules("203.0.113.0/24", "0.0.0.0/0")) },
        newState: state(firewall, rules("203.0.113.0/24")),
      },
      { op: "create", urn: urn(server, "c"), newState: state(server, {}) },
      { op: "update", urn: urn(server, "a"), detailedDiff: { "labels.x": { kind: "add" } } },
    ];
    expect(answer(steps)).toMatchObject({
      dangers: [],
      resources: [{ change: "update" }, { change: "create" }, { name: "a", why: ["labels.x"] }],
    });
  });
});

it("says why a resource is replaced, once", () => {
  const type = "hcloud:index/network:Network";
  const step = { op: "replace", urn: urn(type, "n"), newState: state(type, {}), replaceReasons: ["ipRange"] };
  expect(answer([step, { ...step, op: "delete-replaced" }]).resources).toMatchObject([
    { name: "n", change: "replace", why: ["ipRange"] },
  ]);
});

describe("the tags that changed policies would choose", () => {
  const blog = ["v1.9.31", "v1.9.32", "v2.0.0", "v2.1.0-stage.1"];
  const ceiling = treeOf(
    "prod",
    withStage("prod", () => ({ channel: { kind: "stable", ceiling: "2.0.0" } })),
  ).files;
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "preview-"));
    writeFileSync(join(folder, "events"), JSON.stringify({ steps: [ofTree(live, ceiling)] }));
    const tags = { "ghcr.io/acme/blog": blog, "ghcr.io/acme/other-app": ["v0.4.0"] };
    writeFileSync(join(folder, "tags"), JSON.stringify(tags));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const run = (...args: readonly string[]) =>
    previewCommand(["--stage", "prod", "--events", join(folder, "events"), ...args], folder);

  it("are told where they differ, and where they are not known", async () => {
    const { text } = await run("--tags", join(folder, "tags"));
    expect(text).toContain(
      "Tags that policies would choose\n  blog:blog-prod: v2.0.0 -> v1.9.32\n  not known of ghcr.io/acme/second-other-app: no registry was asked\n",
    );
    expect(text).not.toContain("other-app-prod: v0.4.0");
  });

  it("are those of the image that the scan leaves, for a policy that is new too", () => {
    const hidden = treeOf("prod", withApp("prod", "blog", { exclude: ["^v2\\."] })).files;
    const known = new Map([["ghcr.io/acme/blog", { tags: blog }]]);
    const edits = (before: Texts, after: Texts) =>
      policyEdits(readPreview(JSON.stringify({ steps: [ofTree(before, after)] })));
    const policy = "blog:blog-prod";
    expect(chosenTags(edits(live, hidden), known)).toEqual({
      ...{ tags: [{ policy, from: "v2.0.0", to: "v1.9.32" }], unknown: [] },
    });
    const [first] = chosenTags(edits({}, live), known).tags;
    expect(first).toEqual({ policy, from: null, to: "v2.0.0" });
    expect(edits(live, { ...live, [patch]: "a: 1\n" })).toEqual([]);
  });

  it("end with 3 where that is asked for, as every change does", async () => {
    expect((await run("--offline", "--exit-code")).code).toBe(3);
    expect((await run("--offline")).code).toBe(0);
    expect((await run("--tags", join(folder, "nowhere"))).text).toContain("There is no file");
  });

  it.each([
    [["--limit", "many"], "--limit many is no number of characters."],
    [["--json", "--markdown"], "--markdown and --json exclude each other."],
    [["--stage", ""], "--stage is missing."],
  ])("are not looked for with %j, which ends with 2", async (args, message) => {
    const { code, text } = await run(...args, "--events", "/gone");
    expect([code, text.split("\n")[0]]).toEqual([2, message]);
  });
});

it("is nothing when every step is the same", () => {
  const found = answer([{ op: "same", urn: "x" }]);
  expect(found.isChange).toBe(false);
  expect(effectText(found)).toBe("prod: nothing to change");
});

it("passes warnings and errors on, each once and without the engine's colours", () => {
  const told = { message: "<{%reset%}>warning: look here<{%reset%}>\n", severity: "warning" };
  expect(answer([], [told, told, { message: "no", severity: "error" }])).toMatchObject({
    ...{ warnings: ["look here"], errors: ["no"] },
  });
});

it("has the month's price where Pulumi told it", () => {
  const told = {
    message: "info: prod costs 256.90 EUR (305.71 with VAT) a month at Hetzner, as now\n",
    severity: "info",
  };
  expect(effectText(answer([], [told]))).toContain(
    "Price\n  prod costs 256.90 EUR (305.71 with VAT) a month at Hetzner",
  );
  expect(answer([]).price).toBeNull();
});

describe("the report for a pull request", () => {
  const { [patch]: _, ...without } = live;
  const found = answer([ofTree(without, live)]);

  it("has each file's diff below a fold", () => {
    const text = effectMarkdown(found, 60_000);
    expect(text).toContain("### prod: 1 file\n");
    expect(text).toContain(`<details><summary>create <code>${patch}</code></summary>\n\n\`\`\`diff\n+# Rendered`);
  });

  it("is cut where GitHub would refuse it, and keeps the summary", () => {
    const text = effectMarkdown(found, 400);
    expect(text).toContain("### prod: 1 file\n");
    expect(text).toContain("1 longer diffs are left out");
    expect(text.length).toBeLessThan(700);
  });

  it("holds a diff that has fences itself", () => {
    const hostile = answer([ofTree({}, { "x.yaml": "a: |\n  ```\n  # text\n" })]);
    expect(effectMarkdown(hostile, 60_000)).toContain("\n````diff\n+a: |\n+  ```\n");
  });
});

describe("a line diff", () => {
  it.each([
    ["nothing", "a\nb\n", "a\nb\n", ""],
    ["a new text", "", "a\nb\n", "+a\n+b"],
    ["a line", "a\nb\nc\n", "a\nx\nc\n", " a\n-b\n+x\n c"],
    [
      "lines far apart",
      "1\n2\n3\n4\n5\n6\n7\n8\n9\n",
      "0\n2\n3\n4\n5\n6\n7\n8\n0\n",
      "-1\n+0\n 2\n 3\n 4\n...\n 6\n 7\n 8\n-9\n+0",
    ],
  ])("of %s", (_, ...[before, after, expected]) => expect(lineDiff(before, after)).toBe(expected));
});

it("says when there is no preview in a text", () => {
  expect(() => readPreview("error: no stack named 'x' found")).toThrow(
    "there is no JSON of `pulumi preview --json` in it",
  );
});
