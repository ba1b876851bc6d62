/** What goes wrong ends in words with a way out, exit 1, a valid state and an unchanged remote; the next `up` goes on. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { said } from "../sandbox/process/execute.ts";
import { dummySecrets } from "../sandbox/stage.ts";
import { type EngineSandbox, engineSandbox } from "./engine-sandbox.ts";
import { expectDone, expectWords, minute } from "./engine-words.ts";

let sandbox: EngineSandbox;

beforeAll(async () => {
  sandbox = await engineSandbox("dev");
}, 10 * minute);

afterAll(() => sandbox?.remove());

const up = () => sandbox.pulumi(["up", "--yes", "--skip-preview", "--stack", "dev"]);
const faults = () => sandbox.services.hetzner.faults;

const isPublished = (): Promise<boolean> =>
  sandbox.read("clusters/dev/.owned.json").then(
    () => true,
    () => false,
  );

describe("a refused up", { timeout: 2 * minute }, () => {
  it("names a wrong value by file, line and path before anything is created", async () => {
    sandbox.edit("dev", ["cluster", "location"], "mars");
    const run = await up();
    sandbox.edit("dev", ["cluster", "location"], "nbg1");
    expectWords(run, "Pulumi.dev.yaml:4 cluster.location: use one of fsn1, nbg1");
    expect(sandbox.services.hetzner.journal.writes()).toEqual([]);
  });

  it("names the file that would carry a secret of the run into Git, before anything is created (F79)", async () => {
    sandbox.edit("dev", ["overrides", "blog", "env"], { TOKEN: dummySecrets["clusterToken"] });
    const run = await up();
    sandbox.edit("dev", ["overrides", "blog", "env"], undefined);
    expectWords(run, "apps/blog/dev/deployment-patch.yaml: holds the value of the secret k3s-stages:clusterToken");
    expect(said(run)).not.toContain(dummySecrets["clusterToken"]);
    expect(sandbox.services.hetzner.journal.writes()).toEqual([]);
  });

  it("says all missing secrets at once, each with the line that sets it", async () => {
    const keys = ["hcloud:token", "k3s-stages:ageKey"];
    for (const key of keys) await sandbox.pulumi(["config", "rm", "--stack", "dev", key]);
    expectWords(await up(), ...keys.map((key) => `pulumi config set --stack dev --secret ${key}`));
    for (const key of keys) {
      const value = dummySecrets[key.replace("k3s-stages:", "")] ?? "";
      await sandbox.pulumi(["config", "set", "--secret", "--stack", "dev", key, value]);
    }
  });

  it("F71 stops at a credential that may not push, with the key to add, before any server", async () => {
    const config = join(sandbox.layout.repositories, "gitops.git/config");
    const writable = readFileSync(config, "utf8");
    writeFileSync(config, writable.replace("receivepack = true", "receivepack = false"));
    const run = await up();
    writeFileSync(config, writable);
    expectWords(run, "may read but not push", "Allow write access", "ssh-ed25519 AAAA");
    expect(sandbox.services.hetzner.state.servers()).toEqual([]);
  });

  it("stops at a name that is taken, before anything is committed", async () => {
    faults().failNext("POST /servers", {
      code: "uniqueness_error",
      message: "server name is already used",
      status: 409,
    });
    expectWords(await up(), "server name is already used", "pulumi import");
    expect(await isPublished()).toBe(false);
  });

  it("F16 stops at a full quota, names the limit and where it is raised, before anything is committed", async () => {
    faults().quota("servers", 0);
    const run = await up();
    faults().quota("servers", 10);
    expectWords(
      run,
      "server limit exceeded (resource_limit_exceeded",
      "Ask for a higher one in the Hetzner console (Limits)",
    );
    expect(await isPublished()).toBe(false);
  });

  it("stops at a protected branch and leaves it as it was", async () => {
    const run = await sandbox.whileProtected(up);
    expectWords(run, "GH006: Protected branch update failed");
    expect(await isPublished()).toBe(false);
  });

  it("says that a remote cannot be reached", async () => {
    const config = readFileSync(sandbox.layout.gitConfig, "utf8");
    writeFileSync(sandbox.layout.gitConfig, config.replace(/127\.0\.0\.1:\d+/, "127.0.0.1:1"));
    const run = await up();
    writeFileSync(sandbox.layout.gitConfig, config);
    expectWords(run, "ssh://github.com/acme/gitops cannot be reached: check the address");
  });

  it("goes on where it stopped once nothing is in the way", async () => {
    const run = await up();
    expectDone(run);
    const servers = sandbox.services.hetzner.state.servers().map(({ name }) => name);
    expect(servers).toEqual(["k3s-stages-dev-server-1"]);
    expect(await isPublished()).toBe(true);
  });
});
