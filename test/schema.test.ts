import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { schemaFiles } from "../commands/schema.ts";

const root = join(import.meta.dirname, "..");
const seed = join(import.meta.dirname, "configs/valid/seed");
const files = schemaFiles("k3s-stages");
const text = (folder: string, file: string) => readFileSync(join(folder, file), "utf8");
const yamls = readdirSync(seed).filter((file) => file.endsWith(".yaml"));
const schemaOf = (file: string) => (file === "Pulumi.yaml" ? "schema/project.json" : "schema/stack.json");

/** Zod reads JSON Schema back, so that no other program is needed to ask it. */
const checker = (file: string) => z.fromJSONSchema(JSON.parse(files[schemaOf(file)] ?? ""));

describe("the schema for editors", () => {
  it.each(Object.keys(files))("%s is what the configuration says", (path) => {
    expect(text(root, path) === files[path], `${path} is old: npm run schema writes it anew`).toBe(true);
  });

  it.each(["Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.stage.yaml", "Pulumi.prod.yaml"])("%s names it first", (file) => {
    expect(text(root, file).split("\n")[0]).toBe(`# yaml-language-server: $schema=./${schemaOf(file)}`);
  });

  it.each(yamls)("accepts %s", (file) => {
    expect(checker(file).safeParse(parse(text(seed, file)))).toMatchObject({ success: true });
  });

  it("accepts an app with a file of its own, and refuses a misspelt key of its overrides", () => {
    const schema = z.fromJSONSchema(JSON.parse(files["schema/app.json"] ?? ""));
    const app = { image: "ghcr.io/acme/shop", ports: { container: 80 }, overrides: { prod: { tag: "v1.0.0" } } };
    expect(schema.safeParse(app).success).toBe(true);
    const misspelt = { ...app, overrides: { prod: { tag: "v1.0.0", replica: 2 } } };
    expect(schema.safeParse(misspelt).success).toBe(false);
  });

  it.each([
    ["a misspelt key of an app", "Pulumi.yaml", "image: ghcr.io/acme/blog\n", "imagee: ghcr.io/acme/blog\n"],
    ["a misspelt key of a stage", "Pulumi.dev.yaml", "    location: nbg1", "    lokation: nbg1"],
    ["an unknown location", "Pulumi.dev.yaml", "location: nbg1", "location: nbg7"],
    ["an even number of servers", "Pulumi.prod.yaml", "count: 3", "count: 2"],
    ["a tag with a space", "Pulumi.prod.yaml", "tag: v1.9.31", "tag: v1 9 31"],
    ["text for a number", "Pulumi.prod.yaml", "replicas: 3", "replicas: three"],
  ])("refuses %s", (_, file, ...[from, to]) => {
    const written = text(seed, file);
    expect(written).toContain(from);
    expect(checker(file).safeParse(parse(written.replace(from, to))).success).toBe(false);
  });

  it("takes a key of the project that it does not know for a secret, and nothing else", () => {
    const { config } = JSON.parse(files["schema/stack.json"] ?? "").properties;
    expect(config.additionalProperties.anyOf[0]).toEqual({ type: "object", required: ["secure"] });
    const [others = ""] = Object.keys(config.patternProperties);
    expect(["hcloud:token", "k3s-stages:overides"].map((key) => new RegExp(others).test(key))).toEqual([true, false]);
  });

  it("accepts a secret that Pulumi wrote, and other namespaces' keys", () => {
    const written = `${text(seed, "Pulumi.dev.yaml")}  hcloud:token:\n    secure: x\n  k3s-stages:ageKey:\n    secure: x\n`;
    expect(checker("Pulumi.dev.yaml").safeParse(parse(written))).toMatchObject({ success: true });
  });

  it("says of every key, and of every group of keys, what it is for", () => {
    const [, ...groups] = (files["docs/configuration.md"] ?? "").split("\n### ");
    const silent = groups.filter((group) => /^\S+\n\n\|/.test(group)).map((group) => group.split("\n")[0]);
    const rows = groups.join("\n").matchAll(/^\| (`[^|]+`) \|.*\| {2}\|$/gm);
    expect([...silent, ...[...rows].map(([, key]) => key)]).toEqual([]);
    expect(groups.length).toBeGreaterThan(8);
  });

  it("has the descriptions of the configuration, and examples", () => {
    expect(files["schema/stack.json"]).toContain("the stage's private network");
    expect(files["schema/project.json"]?.match(/"examples"/g)?.length).toBeGreaterThan(5);
  });
});
