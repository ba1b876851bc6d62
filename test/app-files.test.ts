/** Applications with a file of their own, `apps/<name>.yaml`, beside those of Pulumi.yaml. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { ConfigError } from "../stacks/config/error.ts";
import { readFleet, readSources, type Texts } from "../stacks/config/files.ts";
import { resolve } from "../stacks/config/resolve.ts";
import { sourcesOf } from "../stacks/config/sources.ts";
import { movedApps } from "./moved-apps.ts";
import { seedTexts } from "./sources.ts";

const moved = (names: readonly string[] = ["blog"]): Texts => movedApps(seedTexts(), names);

const blog = "apps/blog.yaml";
const edited = (from: string | RegExp, to: string, file = blog): Texts => {
  const texts = moved();
  const after = (texts[file] ?? "").replace(from, to);
  expect(after).not.toBe(texts[file]);
  return { ...texts, [file]: after };
};

function refusal(texts: Texts): readonly string[] {
  try {
    resolve(sourcesOf(texts));
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split("\n").slice(1);
    throw error;
  }
  return [];
}

describe("an app with a file of its own", () => {
  const seed = resolve(sourcesOf(seedTexts()));

  it.each([[["blog"]], [["blog", "other-app", "second-other-app"]]])("is what it was in Pulumi.yaml: %s", (names) => {
    expect(resolve(sourcesOf(moved(names)))).toEqual(seed);
  });

  it("needs no `apps` in Pulumi.yaml", () => {
    const texts = moved(["blog", "other-app", "second-other-app"]);
    const project = parse(texts["Pulumi.yaml"] ?? "") as { config: { [key: string]: unknown } };
    delete project.config["apps"];
    expect(resolve(sourcesOf({ ...texts, "Pulumi.yaml": stringify(project) }))).toEqual(seed);
  });

  it.each<[string, Texts, string | RegExp]>([
    ["an unknown key", edited("image:", "imagee:"), "  apps/blog.yaml:1 imagee: unknown key - did you mean image?"],
    [
      "a tag of another stage",
      edited("tag: v1.9.31", "tag: v1.9.31-develop.1"),
      /^ {2}apps\/blog\.yaml:\d+ overrides\.prod\.tag: v1\.9\.31-develop\.1 is not a tag that prod takes/,
    ],
    [
      "a value of the wrong type",
      edited("replicas: 3", "replicas: three"),
      /^ {2}apps\/blog\.yaml:\d+ overrides\.prod\.replicas: must be a number, not "three"$/,
    ],
    [
      "overrides of no stage",
      edited(/^ {2}prod:/m, "  prd:"),
      /^ {2}apps\/blog\.yaml:\d+ overrides\.prd: there is no stage prd - did you mean prod\?$/,
    ],
    [
      "a stage without a tag",
      edited(/^ {2}prod:[\s\S]*/m, ""),
      /^ {2}apps\/blog\.yaml:\d+ overrides\.prod\.tag: missing \(the first tag of blog here\)$/,
    ],
    [
      "overrides that are a list",
      edited(/^overrides:[\s\S]*/m, "overrides: []\n"),
      /^ {2}apps\/blog\.yaml:\d+ overrides: must be a mapping, by stage$/,
    ],
    [
      "the image of another app",
      edited("acme/blog", "acme/other-app"),
      "  apps/blog.yaml:1 image: the same image as apps.other-app; a cluster scans an image once, so an image has one app",
    ],
    [
      "a name that is none",
      { ...moved(), "apps/My App.yaml": "image: ghcr.io/acme/x\n" },
      /^ {2}apps\/My App\.yaml: use at most 30 lowercase letters/,
    ],
  ])("with %s is refused at its place there", (_, texts, message) => {
    const problems = refusal(texts);
    expect(problems).toContainEqual(typeof message === "string" ? message : expect.stringMatching(message));
    expect(problems.filter((line) => !line.startsWith("  apps/"))).toEqual([]);
  });

  it("may be called what every object has, in its place and in its problems", () => {
    const texts = moved();
    const file = (texts[blog] ?? "").replaceAll("blog", "constructor").replaceAll("www", "www.constructor");
    const named = resolve(sourcesOf({ ...texts, "apps/constructor.yaml": file }));
    expect(named.stages.map(({ apps }) => apps.map(({ name }) => name).includes("constructor"))).toEqual([
      true,
      true,
      true,
    ]);
    const wrong = (texts["Pulumi.yaml"] ?? "").replace(/other-app:(\s+)image:/, "constructor:$1imagee:");
    expect(refusal({ ...texts, "Pulumi.yaml": wrong })).toContainEqual(
      expect.stringMatching(/^ {2}Pulumi\.yaml:\d+ apps\.constructor\.imagee: unknown key/),
    );
  });

  it("is refused where Pulumi.yaml or a stage's file has it too, each with its place", () => {
    const both = { ...moved(), "apps/other-app.yaml": "image: ghcr.io/acme/other-app\nports: { container: 3000 }\n" };
    const way = "other-app has a file of its own: say it in apps/other-app.yaml only";
    expect(refusal(both).slice(0, 4)).toEqual([
      expect.stringMatching(`^  Pulumi.yaml:\\d+ apps.other-app: ${way}$`),
      ...["dev", "stage", "prod"].map((stage) =>
        expect.stringMatching(`^  Pulumi.${stage}.yaml:\\d+ overrides.other-app: ${way}$`),
      ),
    ]);
  });

  it("that is no YAML, or no mapping, is named", () => {
    expect(() => sourcesOf({ ...moved(), [blog]: "image: [\n" })).toThrow(/^apps\/blog\.yaml:\d+ is not valid YAML/);
    expect(() => sourcesOf({ ...moved(), [blog]: "blog\n" })).toThrow("apps/blog.yaml must be a mapping");
  });
});

describe("the folder apps", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "app-files-"));
    mkdirSync(join(folder, "apps"));
    for (const [file, text] of Object.entries(moved())) writeFileSync(join(folder, file), text);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("may hold other files, objects of Kubernetes and folders, which nobody reads", () => {
    const before = readSources(folder);
    for (const ending of ["yaml", "yml"])
      writeFileSync(join(folder, `apps/kustomization.${ending}`), "resources: [blog]\n");
    writeFileSync(join(folder, "apps/namespace.yml"), "apiVersion: v1\nkind: Namespace\n");
    writeFileSync(join(folder, "apps/shop.yaml"), "apiVersion: v1\nkind: Namespace\n---\napiVersion: v1\n");
    mkdirSync(join(folder, "apps/web.yaml"));
    writeFileSync(join(folder, "apps/README.md"), "ours");
    expect(readSources(folder)).toEqual(before);
    expect(Object.keys(before.apps)).toEqual(["blog"]);
  });

  it("has no file whose name ends in .yml, which would silently be no app", () => {
    writeFileSync(join(folder, "apps/shop.yml"), "image: ghcr.io/acme/shop\n");
    expect(() => readFleet(folder)).toThrow("apps/shop.yml is not read under that name: call it apps/shop.yaml.");
  });
});
