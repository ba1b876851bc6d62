import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { newServerToken } from "../provider/pki/material.ts";
import { k3sConfig } from "../stacks/cluster/k3s-config.ts";
import { yaml } from "../stacks/cluster/node-files.ts";
import { material, planOf } from "./node-plan.ts";

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

/** The block of the steps for the server token that has a word in it, without its indentation. */
const block = (word: string): string =>
  [...text.matchAll(/^ {3}```\n([\s\S]*?)^ {3}```/gm)]
    .map(([, lines = ""]) => lines)
    .find((lines) => lines.includes(word)) ?? "";

it("changes a server's token by the steps that it shows, of which kubectl and k3s are not run here", () => {
  const folder = mkdtempSync(join(tmpdir(), "server-token-"));
  const [config, token] = [join(folder, "config.yaml"), newServerToken(material.rootCertificate)];
  writeFileSync(join(folder, "token"), `${token}\n`);
  writeFileSync(config, yaml(k3sConfig(planOf("prod", "server-1"))));
  writeFileSync(join(folder, "kubectl"), 'case $* in *chroot*) cat >>"$0.said"; echo "$*" >>"$0.asked" ;; esac\n', {
    mode: 0o755,
  });
  const run = (script: string) =>
    execFileSync("bash", ["-ec", script], {
      cwd: folder,
      env: { PATH: `${folder}:${process.env["PATH"]}` },
      stdio: ["ignore", "pipe", "inherit"],
      encoding: "utf8",
    });
  run(`${block("token rotate")}${block("systemctl restart")}`.replace("sleep 60", ""));
  const [rotate = "", edit = ""] = readFileSync(join(folder, "kubectl.said"), "utf8").trim().split("\n");
  const password = token.split(":").at(-1);
  expect(rotate).toBe(`k3s token rotate --token $(cat /var/lib/rancher/k3s/server/token) --new-token ${password}`);
  expect(readFileSync(join(folder, "kubectl.asked"), "utf8")).not.toContain(password);
  const before = parse(readFileSync(config, "utf8"));
  run(edit.replace("/etc/rancher/k3s/config.yaml", config).replace("systemctl", "true"));
  expect(parse(readFileSync(config, "utf8"))).toEqual({ ...before, token });
  rmSync(folder, { recursive: true });
});

it("finds the server token where it says, in a state as Pulumi exports it", () => {
  const [, filter = ""] = /jq -r '(.*)' >token/.exec(text) ?? [];
  const state = {
    deployment: {
      resources: [
        { type: "pulumi:pulumi:Stack" },
        { type: "gitops:index:Pki", outputs: { serverToken: { plaintext: '"K10"' } } },
      ],
    },
  };
  expect(execFileSync("jq", ["-r", filter], { input: JSON.stringify(state), encoding: "utf8" })).toBe("K10\n");
});
