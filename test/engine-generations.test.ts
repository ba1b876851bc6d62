/** Replacing a node on the real Pulumi engine: what raising its generation does to it, and to nothing else. Hetzner is a stand-in. */
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { place } from "../sandbox/cluster/objects.ts";
import { recover } from "../sandbox/power-cut.ts";
import { initStack } from "../sandbox/stage.ts";
import { type EngineSandbox, engineSandbox } from "./engine-sandbox.ts";
import { expectDone, expectWords, minute } from "./engine-words.ts";

let sandbox: EngineSandbox;

beforeAll(async () => {
  sandbox = await engineSandbox("prod");
  // A protected server is not replaced; its protection is lifted by a run of its own.
  sandbox.edit("prod", ["cluster", "protect"], false);
}, 10 * minute);

afterAll(() => sandbox?.remove());

interface Step {
  readonly op: string;
  readonly urn: string;
}

const opNames = (steps: readonly Step[]) =>
  steps.filter(({ op }) => op !== "same" && op !== "refresh").map((step) => `${step.op} ${nameOf(step)}`);
const nameOf = ({ urn }: Step): string => urn.split("::").at(-1) ?? "";

async function preview(): Promise<{ readonly code: number; readonly text: string; readonly steps: readonly Step[] }> {
  const { code, stdout, stderr } = await sandbox.pulumi(["preview", "--json", "--stack", "prod"]);
  const { steps = [] } = JSON.parse(stdout) as { readonly steps?: readonly Step[] };
  return { code, text: stdout + stderr, steps };
}

const up = () => sandbox.pulumi(["up", "--yes", "--skip-preview", "--stack", "prod"]);
const generations = (pool: string, values: object | undefined) =>
  sandbox.edit("prod", ["cluster", ...pool.split("."), "generations"], values);

const server = (name: string) => {
  const found = sandbox.services.hetzner.state.servers().find((each) => each.name === `k3s-stages-prod-${name}`);
  if (!found) throw new Error(`there is no ${name}`);
  return found;
};
const userDataOf = (name: string): string =>
  gunzipSync(Buffer.from(sandbox.services.hetzner.state.userData(server(name).id) ?? "", "base64")).toString("utf8");
const inCluster = () => {
  const objects = sandbox.services.clusters.objectsOf("k3s-stages-prod");
  if (!objects) throw new Error("the cluster does not run");
  return objects;
};
const nodeObject = place("k3s-stages-prod-server-1", { kind: "Node" });
const password = place("k3s-stages-prod-server-1.node-password.k3s", { kind: "Secret", namespace: "kube-system" });
const everyId = () => Object.fromEntries(sandbox.services.hetzner.state.servers().map(({ name, id }) => [name, id]));

describe("generations on the real engine", { timeout: 3 * minute }, () => {
  it("bring up a stage at generation 1", async () => {
    sandbox.edit("prod", ["cluster", "protect"], false);
    const run = await up();
    expectDone(run);
    const kept = await sandbox.pulumi(["stack", "export", "--file", "older.json", "--stack", "prod"]);
    expect(kept.code).toBe(0);
  });

  it("refuse two servers in one run at preview, with both names and the way out", async () => {
    generations("servers", { 1: 2, 3: 2 });
    const { code, text } = await preview();
    expect(code).not.toBe(0);
    expect(text).toContain("k3s-stages-prod-server-1 and k3s-stages-prod-server-3 would be replaced in one run");
    const before = everyId();
    expect((await up()).code).not.toBe(0);
    expect(everyId()).toEqual(before);
  });

  it("replace exactly the server whose generation was raised, the old one first, with the user data of now (F40)", async () => {
    generations("servers", { 1: 2 });
    const before = everyId();
    const old = userDataOf("server-1");
    const { steps } = await preview();
    expect(opNames(steps).filter((each) => each.startsWith("replace"))).toEqual([
      "replace k3s-stages-prod-server-1", // its place behind the load balancer
      "replace k3s-stages-prod-server-1",
      "replace k3s-stages-prod-server-1", // its membership
    ]);
    inCluster().put(password, {});
    const old1 = inCluster().get(nodeObject)?.metadata["uid"];
    const run = await up();
    expectDone(run);
    // The run ends when the new machine is a node, and not when Hetzner has made it.
    for (const kind of ["ApiReady", "StageReady"]) expect(run.stdout).toMatch(new RegExp(`${kind} prod .*updated`));
    const { "k3s-stages-prod-server-1": made, ...others } = everyId();
    const { "k3s-stages-prod-server-1": gone, ...stayed } = before;
    expect(others).toEqual(stayed);
    expect(made).not.toBe(gone);
    // Its membership has taken the old node out of the cluster, its password too, before the new one joined.
    expect(inCluster().get(password)).toBeUndefined();
    expect(inCluster().get(nodeObject)).toMatchObject({ metadata: { uid: expect.not.stringMatching(`^${old1}$`) } });
    const fresh = userDataOf("server-1");
    expect([old.includes("cluster-init: true"), fresh.includes("cluster-init: true")]).toEqual([true, false]);
    expect(fresh).toContain("server: https://10.30.0.10:6443");
    expect(server("server-1").private_net.map(({ ip }) => ip)).toEqual(["10.30.0.11"]);
  });

  it("leave nothing to do afterwards", async () => {
    expect(opNames((await preview()).steps)).toEqual([]);
  });

  it("keep the type of living nodes, and give the next generation the new one", async () => {
    sandbox.edit("prod", ["cluster", "pools", "web", "type"], "cpx42");
    const looked = await preview();
    expect(looked.text).toContain("k3s-stages-prod-web-1 stays a cpx32: cpx42 is for new nodes");
    expect(opNames(looked.steps)).toEqual([]);
    generations("pools.web", { 2: 2 });
    const run = await up();
    expectDone(run);
    expect([server("web-1").server_type, server("web-2").server_type]).toEqual(["cpx32", "cpx42"]);
  });

  it("outlive a state that is older than they are: what was made since is taken over, and nobody leaves the cluster", async () => {
    const nodes = () =>
      ["server-1", "web-2"].map((name) => inCluster().get(place(`k3s-stages-prod-${name}`, { kind: "Node" })));
    const [machines, members] = [everyId(), nodes()];
    const older = await sandbox.pulumi(["stack", "import", "--file", "older.json", "--stack", "prod"]);
    expect(older.code, older.stderr).toBe(0);
    const { steps, last } = await recover({ sandbox, stage: "prod" });
    expectDone(last);
    expect(steps.filter((step) => step.startsWith("import"))).toEqual(
      Array(2).fill("import hcloud:index/server:Server"),
    );
    expect([everyId(), nodes()]).toEqual([machines, members]);
    expect(opNames((await preview()).steps)).toEqual([]);
  });

  it("never sink", async () => {
    generations("pools.web", undefined);
    const { code, text } = await preview();
    expect(code).not.toBe(0);
    expect(text).toContain("k3s-stages-prod-web-2 would go from generation 2 to 1");
  });
});

describe("server 1 of several that is made again before Flux ever came", { timeout: 3 * minute }, () => {
  const upDev = () => sandbox.pulumi(["up", "--yes", "--skip-preview", "--stack", "dev"]);
  const dev = () => sandbox.services.clusters.objectsOf("k3s-stages-dev");
  const source = () => dev()?.get(place("flux-system", { kind: "GitRepository", namespace: "flux-system" }));
  const machine = () =>
    sandbox.services.hetzner.state.servers().find(({ name }) => name === "k3s-stages-dev-server-1")?.id;

  it("belongs to a cluster that nobody could hand over, because its tree was not let in", async () => {
    await initStack(sandbox, "dev");
    sandbox.edit("dev", ["cluster", "servers", "count"], 3);
    const run = await sandbox.whileProtected(upDev);
    expectWords(run, "GH006: Protected branch update failed");
    expect(dev()?.list({ ...place("", { kind: "Node" }), name: undefined })).toHaveLength(3);
    expect(source()).toBeUndefined();
  });

  it("joins that cluster and bootstraps Flux in it", async () => {
    const old = machine();
    sandbox.edit("dev", ["cluster", "servers", "generations"], { 1: 2 });
    const run = await upDev();
    expectDone(run);
    expect([machine() === old, source() === undefined]).toEqual([false, false]);
    expect(await sandbox.read("clusters/dev/flux-system/gotk-sync.yaml")).toContain("path: ./clusters/dev\n");
  });
});
