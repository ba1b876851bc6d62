import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Command, run } from "../commands/new/run.ts";
import { newApp } from "../commands/new-app.ts";
import { newStage } from "../commands/new-stage.ts";
import { readSources } from "../stacks/config/files.ts";
import { resolve } from "../stacks/config/resolve.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "new-"));
  cpSync(join(import.meta.dirname, "configs/valid/seed"), folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const text = (file: string) => readFileSync(join(folder, file), "utf8");
const texts = () =>
  Object.fromEntries(readdirSync(folder).flatMap((file) => (file === "apps" ? [] : [[file, text(file)]])));
const fleet = () => resolve(readSources(folder));
const call = (command: Command, ...args: string[]) => run(command, args, { directory: folder, isTerminal: false });

/** The lines that are there now; every line from before is still there, in its order. */
function added(before: string, after: string): readonly string[] {
  const rest = before.split("\n");
  const more = after.split("\n").filter((line) => {
    if (line !== rest[0]) return true;
    rest.shift();
    return false;
  });
  expect(rest).toEqual([]);
  return more;
}

const filesOf = () => readdirSync(folder, { recursive: true, encoding: "utf8" }).toSorted();
const tags = ["--tag", "dev=v0.1.0-develop.1", "--tag", "stage=v0.1.0-stage.1", "--tag", "prod=v0.1.0"];
const shop = ["--name", "shop", "--image", "ghcr.io/acme/shop", "--port", "8080"];

describe("a new app", () => {
  it("is added to every file, and no other line changes", async () => {
    const before = texts();
    const hosts = ["--host", "prod=shop.example.com", "--issuer", "letsencrypt"];
    expect(await call(newApp, ...shop, ...tags, ...hosts)).toMatchObject({ code: 0 });
    expect(added(before["Pulumi.yaml"] ?? "", text("Pulumi.yaml"))).toEqual([
      "      shop:",
      "        image: ghcr.io/acme/shop",
      "        ports: { container: 8080, service: 80 }",
      "        ingress: [http, https]",
      "        issuer: letsencrypt",
    ]);
    expect(added(before["Pulumi.prod.yaml"] ?? "", text("Pulumi.prod.yaml"))).toEqual([
      "    shop:",
      "      tag: v0.1.0",
      "      hosts: { http: [shop.example.com], https: [shop.example.com] }",
    ]);
    expect(fleet().stages.map(({ apps }) => apps.find(({ name }) => name === "shop")?.tag)).toEqual([
      ...["v0.1.0-develop.1", "v0.1.0-stage.1", "v0.1.0"],
    ]);
  });

  it("has a file of its own where that is asked for, and every later one too; no other file changes", async () => {
    const before = texts();
    const hosts = ["--host", "prod=shop.example.com", "--issuer", "letsencrypt"];
    expect(await call(newApp, ...shop, ...tags, ...hosts, "--file")).toMatchObject({
      code: 0,
      text: expect.stringMatching(/^shop is in apps\/shop\.yaml\. Look: /),
    });
    expect(text("apps/shop.yaml").split("\n")).toEqual([
      "# yaml-language-server: $schema=../schema/app.json",
      ...["image: ghcr.io/acme/shop", "ports: { container: 8080, service: 80 }"],
      ...["ingress: [http, https]", "issuer: letsencrypt", "overrides:"],
      ...["  dev:", "    tag: v0.1.0-develop.1", "  stage:", "    tag: v0.1.0-stage.1", "  prod:", "    tag: v0.1.0"],
      ...["    hosts: { http: [shop.example.com], https: [shop.example.com] }", ""],
    ]);
    expect(await call(newApp, "--name", "cart", ...shop.slice(2).with(1, "ghcr.io/acme/cart"), ...tags)).toMatchObject({
      code: 0,
    });
    expect(filesOf().filter((file) => /apps|new/.test(file))).toEqual(["apps", "apps/cart.yaml", "apps/shop.yaml"]);
    expect({ ...texts() }).toMatchObject(before);
    expect(fleet().stages.map(({ apps }) => apps.map(({ name }) => name))).toEqual(
      Array(3).fill(["blog", "cart", "other-app", "second-other-app", "shop"]),
    );
  });

  it.each([
    ["that leads elsewhere", ["--name", "../../shop", ...shop.slice(2), ...tags], "use at most 30 lowercase letters"],
    ["that Pulumi.yaml has", ["--name", "blog", ...shop.slice(2), ...tags], "blog has a file of its own"],
  ])("has no file of a name %s", async (_, args, message) => {
    const before = filesOf();
    expect(await call(newApp, ...args, "--file")).toMatchObject({ code: 1, text: expect.stringContaining(message) });
    expect(filesOf()).toEqual(before);
  });

  it.each([
    ["with a tag of another stage", [...shop, ...tags.with(1, "dev=v0.1.0")], 1, "v0.1.0 is not a tag that dev takes"],
    ["without a tag for every stage", [...shop, ...tags.slice(2)], 1, "Pulumi.dev.yaml"],
    ["with a name that is taken", ["--name", "blog", ...shop.slice(2), ...tags], 1, "Map keys must be unique"],
    [
      "with an image that another app has",
      [...shop.with(3, "ghcr.io/acme/blog"), ...tags],
      1,
      "the same image as apps.blog",
    ],
    ["without an image", ["--name", "shop"], 2, "--image is missing."],
    ["with half a pair", [...shop, "--tag", "dev"], 2, "--tag dev: write it as <name>=<value>."],
    ["with a flag that is none", ["--what"], 2, "Unknown option '--what'"],
  ])("is not written %s", async (_, ...[args, code, message]) => {
    const before = texts();
    expect(await call(newApp, ...args)).toMatchObject({ code, text: expect.stringContaining(message) });
    expect(texts()).toEqual(before);
  });

  it("is not written where the apps stand on one line", async () => {
    const flat = text("Pulumi.yaml").replace(/ {2}apps:\n[\s\S]*?(?= {2}# What every)/, "  apps: { value: {} }\n");
    writeFileSync(join(folder, "Pulumi.yaml"), flat);
    const { code, text: said } = await call(newApp, ...shop, ...tags);
    expect(code).toBe(1);
    expect(said).toMatch(/^Nothing was written. /);
  });
});

describe("a new stage", () => {
  it("comes after the one that is named, with a file and a network of its own", async () => {
    const before = texts();
    expect(await call(newStage, "--name", "qa", "--after", "dev")).toMatchObject({ code: 0 });
    expect(added(before["Pulumi.yaml"] ?? "", text("Pulumi.yaml"))).toEqual([
      ...["      - name: qa", "        path: clusters/qa", "        channel: { prerelease: qa }"],
    ]);
    const { stages } = fleet();
    expect(stages.map(({ name }) => name)).toEqual(["dev", "qa", "stage", "prod"]);
    expect(stages[1]).toMatchObject({ path: "clusters/qa", cluster: { network: "10.40.0.0/16" } });
    expect(stages[1]?.apps.map(({ name, tag }) => `${name} ${tag}`)).toEqual([
      ...["blog v1.9.32-qa.1", "other-app v0.4.0-qa.1", "second-other-app v2.0.0-qa.1"],
    ]);
  });

  it("is added to each app's own file, and to none of an app that does not run everywhere", async () => {
    await call(newApp, ...shop, ...tags, "--file");
    const before = text("apps/shop.yaml");
    const narrow = before
      .replaceAll("shop", "cart")
      .replace("image:", "stages: [dev]\nimage:")
      .replace(/^ {2}stage:[\s\S]*/m, "");
    writeFileSync(join(folder, "apps/cart.yaml"), narrow);
    expect(await call(newStage, "--name", "qa", "--after", "dev")).toMatchObject({
      code: 0,
      text: expect.stringMatching(/^qa is in Pulumi\.yaml and Pulumi\.qa\.yaml and apps\/\*\.yaml \(1\); /),
    });
    expect(added(before, text("apps/shop.yaml"))).toEqual(["  qa:", "    tag: v0.1.0-qa.1"]);
    expect(text("apps/cart.yaml")).toBe(narrow);
    const qa = fleet().stages.find(({ name }) => name === "qa");
    expect(qa?.apps.map(({ name }) => name)).toEqual(["blog", "other-app", "second-other-app", "shop"]);
  });

  it("takes releases where that is asked for, and nobody else does", async () => {
    writeFileSync(
      join(folder, "Pulumi.yaml"),
      text("Pulumi.yaml").replace("channel: stable", "channel: { prerelease: rc }"),
    );
    writeFileSync(join(folder, "Pulumi.prod.yaml"), text("Pulumi.prod.yaml").replaceAll(/(tag: v[\d.]+)/g, "$1-rc.1"));
    expect(await call(newStage, "--name", "live", "--after", "prod", "--stable")).toMatchObject({ code: 0 });
    const live = fleet().stages.at(-1);
    expect(live).toMatchObject({ name: "live", channel: { kind: "stable" } });
    expect(live?.apps.map(({ name, tag }) => `${name} ${tag}`)).toContain("blog v1.9.31");
  });

  it.each([
    [["--name", "live", "--stable"], 1, "would reach live and prod"],
    [["--name", "live", "--stable", "--prerelease", "rc"], 2, "--stable and --prerelease exclude each other."],
    [["--name", "dev"], 2, "Pulumi.dev.yaml is there already"],
    [["--name", "qa", "--after", "nowhere"], 2, "--after nowhere: there is no such stage."],
    [["--name", "qa", "--prerelease", "develop"], 1, "would reach dev and qa"],
    [["--name", "Q_A"], 1, "use at most 30 lowercase letters"],
  ])("is not written for %j", async (args, code, message) => {
    const before = texts();
    expect(await call(newStage, ...args)).toMatchObject({ code, text: expect.stringContaining(message) });
    expect(texts()).toEqual(before);
  });
});
