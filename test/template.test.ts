/** The project as a template of Pulumi's: `pulumi new` on the real CLI, with a stand-in for npm that links what is here. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseDocument } from "yaml";
import { execute } from "../sandbox/process/execute.ts";
import { findPulumi } from "../sandbox/pulumi/cli.ts";
import { processEnv, pulumiEnv } from "../sandbox/pulumi/env.ts";

const checkout = join(import.meta.dirname, "..");
const root = mkdtempSync(join(tmpdir(), "k3s-stages-template-"));
const at = (name: string) => join(root, name);
let pulumi = "";
let env: ReturnType<typeof processEnv>;

/** The checkout as it would be cloned, less what `pulumi new` only carries over. */
function template(): void {
  const left = ["node_modules", ".git", ".sandbox", "test", "bench", "docs"].map((name) => join(checkout, name));
  cpSync(checkout, at("template"), { recursive: true, filter: (source) => !left.includes(source) });
}

beforeAll(async () => {
  const cli = await findPulumi(() => {});
  pulumi = cli.pulumi;
  for (const folder of ["home", "state", "bin"]) mkdirSync(at(folder));
  const npm = `#!/bin/sh\necho "npm $1 in $PWD"\nln -s '${join(checkout, "node_modules")}' node_modules\n`;
  writeFileSync(join(at("bin"), "npm"), npm, { mode: 0o755 });
  template();
  const own = pulumiEnv({ backend: at("state"), home: at("home"), passphrase: "test" });
  const inherited = processEnv(process.env, own);
  env = { ...inherited, PATH: [at("bin"), inherited["PATH"]].join(delimiter) };
}, 600_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

const run = (cwd: string, ...args: readonly string[]) => execute({ file: pulumi, args, cwd, env });

describe("pulumi new", () => {
  it("makes the project and the first stage's stack, installs, and keeps what was written beside the values", async () => {
    const { code, stdout, stderr } = await run(
      root,
      "new",
      at("template"),
      "--dir",
      at("mine"),
      "--stack",
      "dev",
      "--yes",
    );
    expect(`${stdout}${stderr}`).toContain("Your new project is ready to go!");
    expect(code).toBe(0);
    expect(`${stdout}${stderr}`).toMatch(/npm (ci|install) in /);
    const made = readFileSync(join(at("mine"), "Pulumi.yaml"), "utf8");
    expect(parseDocument(made).getIn(["name"])).toBe("k3s-stages");
    expect(made).toContain("# In promotion order: a new version is seen here first, there last.");
    expect(made).not.toContain("template:\n");
  }, 120_000);

  it("gives a project whose preview names the secrets that were not given, each with its command", async () => {
    const { code, stdout, stderr } = await run(at("mine"), "preview", "--stack", "dev", "--non-interactive");
    expect(code).not.toBe(0);
    expect(`${stdout}${stderr}`).toContain("The stage dev needs secrets. Each line asks for its value:");
    expect(`${stdout}${stderr}`).toContain("pulumi config set --stack dev --secret hcloud:token");
  }, 120_000);

  it("asks for secrets only, each of them one that a stage has", () => {
    const asked = parseDocument(readFileSync(join(checkout, "Pulumi.yaml"), "utf8")).toJS().template.config;
    expect(Object.keys(asked)).toEqual(["hcloud:token", "clusterToken", "ageKey", "githubToken"]);
    expect(Object.values(asked)).toEqual(Array(4).fill({ description: expect.any(String), secret: true }));
  });
});
