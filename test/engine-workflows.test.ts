/** What the workflows call, for real: Pulumi's CLI and engine in a sandbox, with a stand-in for `gh` alone. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { execute } from "../sandbox/process/execute.ts";
import { findPulumi } from "../sandbox/pulumi/cli.ts";
import { processEnv, pulumiEnv } from "../sandbox/pulumi/env.ts";
import { type EngineSandbox, engineSandbox } from "./engine-sandbox.ts";
import { expectDone, minute } from "./engine-words.ts";

const checkout = join(import.meta.dirname, "..");
let sandbox: EngineSandbox;
let bin: string;

beforeAll(async () => {
  sandbox = await engineSandbox("dev");
  bin = join(sandbox.layout.root, "bin");
  mkdirSync(bin);
  const { pulumi } = await findPulumi(() => {});
  const gh = `for each in "$@"; do case "$each" in body=@*) cp "\${each#body=@}" "${bin}/comment";; esac; done`;
  writeFileSync(join(bin, "pulumi"), `#!/bin/sh\ncd "${sandbox.layout.work}" && exec "${pulumi}" "$@"\n`, {
    mode: 0o755,
  });
  writeFileSync(join(bin, "gh"), `#!/bin/sh\n${gh}\n`, { mode: 0o755 });
}, 10 * minute);
afterAll(() => sandbox?.remove());

async function script(name: string) {
  const { layout, services } = sandbox;
  const own = pulumiEnv({ backend: layout.backend, home: layout.pulumiHome, passphrase: "sandbox" });
  const { PATH, ...env } = processEnv(process.env, { ...own, ...services.env });
  const summary = join(bin, "summary");
  writeFileSync(summary, "");
  const github = { GITHUB_STEP_SUMMARY: summary, GITHUB_REPOSITORY: "acme/stages", PULL_REQUEST: "7" };
  const run = await execute({
    ...{ file: "bash", args: [`.github/${name}`, "dev"], cwd: checkout },
    env: { ...env, ...github, PATH: [bin, PATH].join(delimiter) },
  });
  expectDone(run);
  return readFileSync(summary, "utf8");
}
const comment = () => readFileSync(join(bin, "comment"), "utf8");

describe("on a stage that is not there yet", { timeout: 5 * minute }, () => {
  it("preview.sh comments what would be made, and its price", async () => {
    const summary = await script("preview.sh");
    expect(comment()).toMatch(/^<!-- k3s-stages: preview -->\n### dev: \d+ to create, \d+ files\n/);
    expect(comment()).toContain("+ k3s-stages-dev-server-1 Server");
    expect(comment()).toMatch(/dev, a month at Hetzner +count +EUR net/);
    expect(summary).toContain("### dev: ");
    expect(sandbox.services.hetzner.journal.writes()).toEqual([]);
  });

  it("up.sh makes it, and the next preview has nothing to change", async () => {
    expect(await script("up.sh")).toMatch(/### dev: \d+ to create/);
    expect(await sandbox.read("clusters/dev/.owned.json")).toContain('"stage": "dev"');
    await script("preview.sh");
    expect(comment()).toContain("### dev: nothing to change\n");
  });
});
