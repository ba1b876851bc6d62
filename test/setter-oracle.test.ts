import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { overlayPath, policyName } from "../stacks/gitops/names.ts";
import { toYaml } from "../stacks/gitops/yaml.ts";
import type { Image } from "../stacks/tree/image.ts";
import { marked } from "../stacks/yaml/write.ts";
import { awkward } from "./awkward-strings.ts";
import { guarded, seed, treeOf, withApp } from "./fleets.ts";
import { type Files, fluxUpdate, type Images, standInUpdate } from "./flux-setter.ts";
import { answers, buildOracle, buildTimeout, describeWithGo } from "./go-oracle.ts";

const folder = join(tmpdir(), `setter-oracle-${process.pid}`);
const setter = join(folder, "setter");
const reader = join(folder, "reader");

const flux = (files: Files, images: Images, path = ".") => fluxUpdate(setter, files, { images, path });
const standIn = (files: Files, images: Images, path = ".") => standInUpdate(files, { images, path });

const image = (tag: string, name = "ghcr.io/acme/blog"): Image => ({ name, tag, digest: undefined });
const blog = { "blog:blog-dev": image("v2") };
const marker = '# {"$imagepolicy": "blog:blog-dev"}';
const named = (value: string, suffix = "") => `image: ${value} # {"$imagepolicy": "blog:blog-dev${suffix}"}`;

/** Lines that differ, as `path: before => after`. */
function changedLines(before: Files, after: Files): readonly string[] {
  expect(Object.keys(after).toSorted()).toEqual(Object.keys(before).toSorted());
  return Object.entries(before).flatMap(([path, text]) => {
    const [from, to] = [text.split("\n"), (after[path] ?? "").split("\n")];
    expect(to.length, path).toBe(from.length);
    return from.flatMap((line, index) =>
      line === to[index] ? [] : [`${path}: ${line.trim()} => ${to[index]?.trim()}`],
    );
  });
}

const deployments = seed.stages.flatMap(({ name, apps }) =>
  apps.map((app) => ({
    ...{ stage: name, app, folder: overlayPath(app.name, name) },
    policy: `${app.namespace}:${policyName(app.name, name)}`,
  })),
);
const everything: Files = Object.assign({}, ...seed.stages.map(({ name }) => treeOf(name).files));

/** A file as this project renders it, with the value in several places around a marked line. */
const around = (value: unknown): string =>
  toYaml([
    {
      ...{ apiVersion: "v1", kind: "X", before: [value, { value }] },
      image: marked("ghcr.io/acme/blog:v1", { namespace: "blog", policy: "blog-dev" }),
      ...{ env: [{ name: "A", value }], after: value },
    },
  ]);

const special = fc.constantFrom(..." \t\n\r:#-'\"\\ab0é€😀{}[],&*!|>%@`?.\u0007\u007f\u0085\u00a0\u2028\ufeff");
const numeric = fc.constantFrom(..."0012789_.-+eExXoObBaAfF:");
const string = fc.oneof(
  ...["grapheme" as const, "binary" as const, special, numeric].map((unit) => fc.string({ unit })),
);
const value = fc.oneof({ arbitrary: string, weight: 3 }, { arbitrary: fc.jsonValue({ maxDepth: 3 }), weight: 1 });

describeWithGo("Flux's own setter (needs go)", () => {
  beforeAll(async () => {
    await buildOracle({ binary: setter, module: "flux", command: "./image-automation-controller/oracle" });
    await buildOracle({ binary: reader, module: "flux", command: "./reader" });
  }, buildTimeout);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  describe.each(deployments)("a tag of $app.name for $stage", ({ stage, app, folder, policy }) => {
    it("changes its line in its stage's overlay, and no other byte (rule 18)", async () => {
      const images = { [policy]: image("v9.9.9", app.image) };
      const after = await flux(everything, images);
      const rest = `# {"$imagepolicy": "${policy}"}`;
      expect(changedLines(everything, after.files)).toEqual([
        `${folder}/deployment-patch.yaml: image: ${app.image}:${app.tag} ${rest} => image: ${app.image}:v9.9.9 ${rest}`,
      ]);
      expect(standIn(everything, images)).toEqual(after.files);
      const scoped = await flux(everything, images, folder);
      expect(scoped.files).toEqual(after.files);
      expect(scoped.changes).toHaveLength(1);
    });

    it("is the only one that changes anything below its path (rules 14, 15)", async () => {
      const others = deployments.filter((each) => each.stage !== stage || each.app.name !== app.name);
      const images = Object.fromEntries(others.map((each) => [each.policy, image("v9.9.9", each.app.image)]));
      expect(await flux(everything, images, folder)).toEqual({ files: everything, changes: [], error: undefined });
      expect(standIn(everything, images, folder)).toEqual(everything);
    });
  });

  it.each(["blog", "other-app"])("changes one line for %s with its pull secret, whosever the base is", async (app) => {
    const { files } = treeOf("prod", guarded);
    const images = { [`${app}:${app}-prod`]: image("v2", `ghcr.io/acme/${app}`) };
    const after = await flux(files, images);
    const line = new RegExp(
      `^apps/${app}/prod/deployment-patch.yaml: image: \\S+ # .* => image: ghcr.io/acme/${app}:v2 # `,
    );
    expect(changedLines(files, after.files)).toEqual([expect.stringMatching(line)]);
    expect(standIn(files, images)).toEqual(after.files);
  });

  it("changes one line of an overlay full of awkward values", async () => {
    const env = Object.fromEntries(awkward.map((each, index) => [`V${index}`, each]));
    const https = Array.from({ length: 200 }, (_, index) => `host-${index}.blog.example.com`);
    const { files } = treeOf("dev", withApp("dev", "blog", { env, hosts: { http: https, https } }));
    const after = await flux(files, blog);
    expect(changedLines(files, after.files)).toEqual([
      expect.stringMatching(
        /^apps\/blog\/dev\/deployment-patch\.yaml: image: \S+ # .* => image: ghcr\.io\/acme\/blog:v2 # /,
      ),
    ]);
    expect(standIn(files, blog)).toEqual(after.files);
  });

  it.each([
    ["awkward values", awkward],
    ["any values", fc.sample(value, 1000)],
  ])("changes the marked line only, amid %s", async (_, values) => {
    const files = Object.fromEntries(values.map((each, index) => [`${index}.yaml`, around(each)]));
    const after = await flux(files, blog);
    for (const [path, before] of Object.entries(files)) {
      expect(after.files[path]).toBe(before.replace(`blog:v1 ${marker}\n`, () => `blog:v2 ${marker}\n`));
    }
    expect(standIn(files, blog)).toEqual(after.files);
  });

  it.each([
    ["awkward strings", awkward],
    ["any strings", fc.sample(string, 5000)],
  ])("reads %s as they were configured", async (_, values) => {
    const objects = values.map((each) => ({ apiVersion: "v1", kind: "X", value: each, values: { a: [each] } }));
    const read = await answers(
      reader,
      objects.map((object) => ({ text: toYaml([object]) })),
    );
    expect(read).toEqual(objects.map((object) => ({ kyaml: object, sigs: object })));
  });

  it.each([
    ["a marker", named("a:v1"), true],
    ["one close to the hash", `image: a:v1 #{"$imagepolicy": "blog:blog-dev"}`, true],
    ["one after two hashes", `image: a:v1 ## {"$imagepolicy": "blog:blog-dev"}`, true],
    ["further strings in it", `image: a:v1 # {"$imagepolicy": "blog:blog-dev", "note": "x"}`, true],
    ["a number in it", `image: a:v1 # {"$imagepolicy": "blog:blog-dev", "note": 1}`, false],
    ["words before it", `image: a:v1 # see {"$imagepolicy": "blog:blog-dev"}`, false],
    ["words after it", `image: a:v1 # {"$imagepolicy": "blog:blog-dev"} see`, false],
    ["single quotes in it", `image: a:v1 # {'$imagepolicy': 'blog:blog-dev'}`, false],
    ["a slash", `image: a:v1 # {"$imagepolicy": "blog/blog-dev"}`, false],
    ["an unknown part", named("a:v1", ":version"), false],
    ["another policy", `image: a:v1 # {"$imagepolicy": "blog:blog-prod"}`, false],
    ["another namespace", `image: a:v1 # {"$imagepolicy": "shop:blog-dev"}`, false],
    ["a held tag", `image: a:v1 # {"$held": "blog:blog-dev"}`, false],
    ["a pinned tag", `image: a:v1 # {"$pinned": "blog:blog-dev"}`, false],
    ["the tag", named("v1", ":tag"), true],
    ["the name", named("a", ":name"), true],
    ["the digest, of which there is none", named("sha256:0", ":digest"), true],
    ["double quotes", named('"a:v1"'), true],
    ["single quotes", named("'a:v1'"), true],
    ["an anchor", `${named("&a a:v1")}\nsame: *a`, true],
    ["no value", `image: ${marker}`, false],
    ["an empty one", named('""'), true],
    ["an item of a list", `images:\n  - a:v1 ${marker}`, true],
    ["a marker after a flow map", `image: {name: a} ${marker}`, false],
    ["a marker above a key", `${marker}\nimage: a:v1`, false],
    ["text inside a block", `patch: |\n  image: a:v1 ${marker}`, false],
    ["a list as the root", `- op: replace\n  value: a:v1 ${marker}`, false],
    ["broken YAML", `${named("a:v1")}\n a: [`, false],
    ["what it says already", named("ghcr.io/acme/blog:v2"), false],
    ["a newer version", named("ghcr.io/acme/blog:v3"), true],
  ])("is met by the stand-in at %s", async (_, source, changes) => {
    const files = { "x.yaml": `${source}\n` };
    const after = await flux(files, blog);
    expect(after.files["x.yaml"] !== files["x.yaml"]).toBe(changes);
    expect(standIn(files, blog)).toEqual(after.files);
  });

  it.each([
    ["a marker above an item of a list", `images:\n  ${marker}\n  - a:v1`],
    ["a file with a key twice", `${named("a:v1")}\nkind: a\nkind: b`],
  ])("changes %s, which is never rendered, and the stand-in does not", async (_, source) => {
    const files = { "x.yaml": `${source}\n` };
    const after = await flux(files, blog);
    expect(after.files["x.yaml"]).toContain("ghcr.io/acme/blog:v2");
    expect(standIn(files, blog)).toEqual(files);
  });

  it("opens the files that the stand-in opens", async () => {
    const read = ["a.yaml", "a.yml", "Kustomization", ".hidden/a.yaml", "b/c/a.yaml"];
    const paths = [...read, "a.YAML", "a.json", "a.tpl", "kustomization"];
    const files = Object.fromEntries(paths.map((path) => [path, `${named("a:v1")}\n`]));
    const after = await flux(files, blog);
    expect(changedLines(files, after.files).map((line) => line.split(":")[0])).toEqual(read);
    expect(standIn(files, blog)).toEqual(after.files);
  });

  it("misses a path in the words of the stand-in", async () => {
    const files = { "a.yaml": `${named("a:v1")}\n` };
    const { error } = await flux(files, blog, "apps");
    expect(error).toMatch(/^walking path for files: lstat .*apps: no such file or directory$/);
    expect(() => standIn(files, blog, "apps")).toThrow("walking path for files: lstat apps: no such file or directory");
  });

  it("quotes the tags that the stand-in quotes", async () => {
    const words = [
      "1.10",
      "1e3",
      "0x1F",
      "0o17",
      "0888",
      "1_000",
      "on",
      "y",
      "null",
      "2025-06-02",
      "20250602",
      "3e47056",
      "v1",
    ];
    const tags = [...words, ...fc.sample(fc.stringMatching(/^([0-9a-f]{7}|[0-9]{1,4}(\.[0-9]{1,3}){0,3})$/), 200)];
    const ofTag = (index: number) => `blog:p${index}`;
    const files = Object.fromEntries(
      tags.map((_, index) => [`${index}.yaml`, `newTag: v0 # {"$imagepolicy": "${ofTag(index)}:tag"}\n`]),
    );
    const images = Object.fromEntries(tags.map((tag, index) => [ofTag(index), image(tag)]));
    const after = await flux(files, images);
    expect(after.changes).toHaveLength(tags.length);
    expect(standIn(files, images)).toEqual(after.files);
  });
});
