/**
 * The whole program on the real Pulumi engine, in a sandbox of its own: what mocks cannot see (check, diff, refresh, state).
 * Hetzner and the nodes are stand-ins.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { filesWith, secretsInClear } from "../sandbox/inspection.ts";
import { said } from "../sandbox/process/execute.ts";
import { dummyToken } from "../sandbox/services.ts";
import { readTexts, type Texts } from "../stacks/config/files.ts";
import { type EngineSandbox, engineSandbox } from "./engine-sandbox.ts";
import { expectDone, minute } from "./engine-words.ts";
import { movedApps } from "./moved-apps.ts";

let sandbox: EngineSandbox;

beforeAll(async () => {
  sandbox = await engineSandbox("dev");
}, 10 * minute);

afterAll(() => sandbox?.remove());

interface Preview {
  readonly changeSummary: { readonly [operation: string]: number };
  readonly steps: readonly { readonly op: string; readonly urn: string; readonly detailedDiff?: object | null }[];
}

async function preview(): Promise<Preview> {
  const { code, stdout, stderr } = await sandbox.pulumi(["preview", "--json", "--stack", "dev"]);
  expect(code, stdout + stderr).toBe(0);
  return JSON.parse(stdout) as Preview;
}

const up = () => sandbox.pulumi(["up", "--yes", "--skip-preview", "--stack", "dev"]);
let before: Texts;

function inFolder(texts: Texts): void {
  const { work } = sandbox.layout;
  before ??= readTexts(work);
  rmSync(join(work, "apps"), { recursive: true, force: true });
  mkdirSync(join(work, "apps"));
  for (const [file, text] of Object.entries(texts)) writeFileSync(join(work, file), text);
}

const writes = () => sandbox.services.hetzner.journal.writes().length;

describe("the program on the real engine", { timeout: 2 * minute }, () => {
  it("brings up a stage", async () => {
    const run = await up();
    expectDone(run);
    expect(await sandbox.read("apps/blog/dev/deployment-patch.yaml")).toContain("ghcr.io/acme/blog:v1.9.32-develop.2");
  });

  it("has nothing to change in a second preview (F48)", async () => {
    const { changeSummary } = await preview();
    expect(Object.keys(changeSummary)).toEqual(["same"]);
  });

  it("writes nothing to Hetzner in a second up (F48)", async () => {
    const before = writes();
    expect((await up()).code).toBe(0);
    expect(writes()).toBe(before);
  });

  it("has nothing to change when an app moves into a file of its own", async () => {
    inFolder(movedApps(readTexts(sandbox.layout.work), ["blog"]));
    expect(Object.keys((await preview()).changeSummary)).toEqual(["same"]);
  });

  it("takes more apps from such files than Pulumi could hand to a program", async () => {
    const own = join(sandbox.layout.work, "apps");
    const blog = readFileSync(join(own, "blog.yaml"), "utf8");
    const names = Array.from({ length: 300 }, (_, index) => `app-${index}`);
    const text = (name: string) => blog.replaceAll("blog", name).replaceAll("www", `www.${name}`);
    for (const name of names) writeFileSync(join(own, `${name}.yaml`), text(name));
    const { steps } = await preview();
    const [tree] = steps.filter(({ op, urn }) => op === "update" && urn.includes("gitops:index:Tree"));
    const files = Object.keys(tree?.detailedDiff ?? {});
    expect(files).toContain('files["apps/app-299/dev/deployment-patch.yaml"]');
    expect(names.filter((name) => !files.some((file) => file.includes(`/${name}/`)))).toEqual([]);
    for (const name of names) rmSync(join(own, `${name}.yaml`));
    inFolder(before);
  });

  it("updates the tree, waits for it again and replaces nothing when one field is edited", async () => {
    sandbox.edit("dev", ["overrides", "blog", "replicas"], 2);
    const { changeSummary, steps } = await preview();
    expect(Object.keys(changeSummary).toSorted()).toEqual(["same", "update"]);
    const changed = steps.filter(({ op }) => op === "update");
    expect(changed.map(({ urn }) => urn.split("::")[2])).toEqual(["gitops:index:Tree", "gitops:index:StageReady"]);
    expect(changed.map(({ detailedDiff }) => Object.keys(detailedDiff ?? {}))).toEqual([
      ['files["apps/blog/dev/deployment-patch.yaml"]'],
      ["commit"],
    ]);
  });

  it("has every secret encrypted in the state", () => {
    expect(filesWith(layout(), [/k3s-stages-dev-server-1/])).not.toEqual([]);
    expect(filesWith(layout(), secretsInClear)).toEqual([]);
  });

  it("destroys nothing while the cluster owns a volume, and names it (F35)", async () => {
    const { hetzner } = sandbox.services;
    const [server] = hetzner.state.servers();
    const headers = { authorization: `Bearer ${dummyToken}`, "content-type": "application/json" };
    const body = JSON.stringify({ name: "pvc-1", size: 10, server: server?.id });
    const made = await fetch(`${hetzner.url}/volumes`, { method: "POST", headers, body });
    const { volume } = (await made.json()) as { readonly volume: { readonly id: number } };
    const before = hetzner.state.counts();
    const run = await sandbox.pulumi(["destroy", "--yes", "--stack", "dev"]);
    expect(run.code).not.toBe(0);
    expect(said(run)).toContain("volume pvc-1 (10 GB)");
    expect(hetzner.state.counts()).toEqual(before);
    await fetch(`${hetzner.url}/volumes/${volume.id}`, { method: "DELETE", headers });
  });

  it("takes everything away on destroy, at Hetzner and in the repository", async () => {
    expect((await sandbox.pulumi(["destroy", "--yes", "--stack", "dev"])).code).toBe(0);
    const left = Object.entries(sandbox.services.hetzner.state.counts()).filter(([, count]) => count > 0);
    expect(left).toEqual([]);
    await expect(sandbox.read("clusters/dev/kustomization.yaml")).rejects.toThrow("ENOENT");
  });
});

const layout = (): string => sandbox.layout.backend;
