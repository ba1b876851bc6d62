import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const text = readFileSync(join(root, "docs/day-2.md"), "utf8");
const all = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, found = ""]) => found);

/** Every file of ours that could say a word of the program. */
function sources(): string {
  const folders = ["commands", "provider", "stacks"];
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => join(root, folder, name)),
  );
  return files
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(file, "utf8"))
    .join("\n");
}

it("names only npm scripts that exist, with options that they know", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  const named = all(/npm run ([a-z:-]+)/g);
  expect(named.length).toBeGreaterThan(4);
  for (const name of named) expect(scripts).toHaveProperty([name]);
  for (const [, name = "", options = ""] of text.matchAll(/npm run ([a-z-]+) -- ([^`\n:]*)/g)) {
    const file = readFileSync(join(root, "commands", `${name}.ts`), "utf8");
    for (const [option] of options.matchAll(/--[a-z-]+/g)) expect(file, name).toContain(option);
  }
});

it("names only variables that the program reads", () => {
  const code = sources();
  const named = all(/(K3S_STAGES_[A-Z_]+)/g);
  expect(named.length).toBeGreaterThan(2);
  for (const name of named) expect(code).toContain(name);
});

it("uses Pulumi's commands only", () => {
  const known = ["preview", "up", "config", "stack", "import", "refresh", "cancel", "login"];
  for (const name of all(/`?(?<![:/-])\bpulumi ([a-z]+)/g)) expect(known).toContain(name);
  expect(existsSync(join(root, "docs/day-2.md"))).toBe(true);
});

it("names only settings that the schema has", () => {
  const code = sources();
  for (const key of [
    "generations",
    "upgrades",
    "restore",
    "snapshots",
    "protect",
    "rotate",
    "adminCertificate",
    "agentToken",
    "serverToken",
  ]) {
    expect(text).toContain(key);
    expect(code).toMatch(new RegExp(`\\b${key}\\b`));
  }
});
