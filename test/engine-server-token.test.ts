/** Another server token on the real Pulumi engine: one setting, on a stage of three servers that lives. Hetzner and nodes are stand-ins. */
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Objects, place } from "../sandbox/cluster/objects.ts";
import { takesServer } from "../sandbox/cluster/server-tokens.ts";
import { said } from "../sandbox/process/execute.ts";
import { type EngineSandbox, engineSandbox } from "./engine-sandbox.ts";
import { expectDone, minute } from "./engine-words.ts";

let sandbox: EngineSandbox;
/** As they are found in user data. */
const tokens: string[] = [];

beforeAll(async () => {
  sandbox = await engineSandbox("dev");
  sandbox.edit("dev", ["cluster", "servers", "count"], 3);
  // A cluster may begin with any rotation: nobody is told of another then.
  rotate(2);
  const run = await up();
  expectDone(run);
  tokens.push(tokenOf("server-1"));
}, 10 * minute);

afterAll(() => sandbox?.remove());

const pulumi = (...args: readonly string[]) => sandbox.pulumi([...args, "--stack", "dev"]);
const up = () => pulumi("up", "--yes", "--skip-preview");
const rotate = (serverToken: number) => sandbox.edit("dev", ["cluster", "rotate"], { serverToken });

function inCluster(): Objects {
  const objects = sandbox.services.clusters.objectsOf("k3s-stages-dev");
  if (!objects) throw new Error("the cluster does not run");
  return objects;
}
const kubeSystem = { namespace: "kube-system" };
const pods = () => inCluster().list({ ...place("", { kind: "Pod", ...kubeSystem }), name: undefined });
const secret = () => inCluster().get(place("k3s-stages-server-token", { kind: "Secret", ...kubeSystem }));
const nodeObject = (name: string) => place(`k3s-stages-dev-${name}`, { kind: "Node" });
const fails = (name: string, text: string | null) =>
  inCluster().merge(nodeObject(name), { metadata: { annotations: { "sandbox/fails": text } } });

/** Of a server's user data, as Hetzner has it. */
function tokenOf(name: string): string {
  const { servers, userData } = sandbox.services.hetzner.state;
  const id = servers().find((each) => each.name === `k3s-stages-dev-${name}`)?.id ?? 0;
  const text = gunzipSync(Buffer.from(userData(id) ?? "", "base64")).toString("utf8");
  return /^ *token: (K10\S+)$/m.exec(text)?.[1] ?? "";
}

const machines = () => sandbox.services.hetzner.state.servers().map(({ id }) => id);

describe("another server token on the real engine", { timeout: 5 * minute }, () => {
  it("is shown by a preview with what it means, which asks the cluster for nothing, as no new cluster is asked", async () => {
    expect([pods(), secret(), takesServer(inCluster(), tokens[0] ?? "")]).toEqual([[], undefined, true]);
    rotate(3);
    const { code, stdout, stderr } = await pulumi("preview");
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/gitops:index:ServerToken +k3s-stages-dev +update/);
    expect(stdout).toContain("every server takes another token in this update, one after the other");
    expect([pods(), secret()]).toEqual([[], undefined]);
  });

  it("says on which server it stopped, and keeps machines as they are (F83)", async () => {
    fails("server-3", "Error: ImagePullBackOff");
    const before = machines();
    const run = await up();
    expect(run.code).not.toBe(0);
    expect(said(run)).toContain(
      "the server token on k3s-stages-dev-server-3: its pod failed (Error: ImagePullBackOff). `pulumi up` goes on from here",
    );
    expect([machines(), secret() === undefined]).toEqual([before, false]);
  });

  it("goes on to its end in the next run, with nothing left of it, and nothing to do after that (F83)", async () => {
    fails("server-3", null);
    const run = await up();
    expectDone(run);
    expect(run.stdout).toContain("k3s-stages-dev-server-1 runs with the new server token");
    expect([pods(), secret(), takesServer(inCluster(), tokens[0] ?? "")]).toEqual([[], undefined, false]);
    const quiet = await pulumi("preview", "--expect-no-changes");
    expectDone(quiet);
  });

  it("is what a server joins with that is made afterwards; those that live keep their user data; it is in clear nowhere", async () => {
    sandbox.edit("dev", ["cluster", "servers", "generations"], { 2: 2 });
    const run = await up();
    expectDone(run);
    tokens.push(tokenOf("server-2"));
    expect(takesServer(inCluster(), tokens[1] ?? "")).toBe(true);
    expect([tokenOf("server-1"), tokenOf("server-3")]).toEqual([tokens[0], tokens[0]]);
    expect(inCluster().get(nodeObject("server-2"))).toBeDefined();
    const state = await pulumi("stack", "export");
    for (const token of tokens) expect(said(run) + state.stdout).not.toContain(token.split(":").at(-1));
  });
});
