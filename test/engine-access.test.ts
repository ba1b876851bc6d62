/** How a stage reaches its cluster, on the real Pulumi engine: what a rotation touches, and a stage that nobody reaches. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type KubeObject, place } from "../sandbox/cluster/objects.ts";
import { said } from "../sandbox/process/execute.ts";
import { dummySecrets } from "../sandbox/stage.ts";
import { hcloudCcm, hcloudCsi } from "../stacks/config/releases/presets.ts";
import { type EngineSandbox, engineSandbox } from "./engine-sandbox.ts";
import { expectDone, minute } from "./engine-words.ts";

const web = { count: 1, type: "cpx22", subnet: "10.10.1.0/24" };
let sandbox: EngineSandbox;

const up = () => sandbox.pulumi(["up", "--yes", "--skip-preview", "--stack", "dev"]);

interface Preview {
  readonly changeSummary: { readonly [operation: string]: number };
  readonly steps: readonly { readonly op: string; readonly urn: string }[];
}

async function preview(): Promise<Preview> {
  const { stdout } = await sandbox.pulumi(["preview", "--json", "--stack", "dev"]);
  return JSON.parse(stdout) as Preview;
}

const typesOf = ({ steps }: Preview, ops: RegExp) =>
  [
    ...new Set(steps.filter(({ op }) => ops.test(op)).map(({ urn }) => urn.split("::")[2]?.split("$").at(-1))),
  ].toSorted();

const inCluster = () => {
  const objects = sandbox.services.clusters.objectsOf("k3s-stages-dev");
  if (!objects) throw new Error("the cluster does not run");
  return objects;
};
const secretAt = (name: string) => place(name, { kind: "Secret", namespace: "flux-system" });
const part = (name: string, key: string): string => {
  const data = inCluster().get(secretAt(name))?.["data"] as { readonly [key: string]: string } | undefined;
  return Buffer.from(data?.[key] ?? "", "base64").toString("utf8");
};

/** What would be another one after a replacement. */
const identities = () => ({
  servers: sandbox.services.hetzner.state.servers().map(({ id, name }) => `${name} ${id}`),
  objects: inCluster()
    .all()
    .filter(([, { kind }]: readonly [string, KubeObject]) => ["Secret", "Namespace"].includes(kind))
    .map(([key, { metadata }]) => `${key} ${metadata["uid"]}`),
});

const kubeconfig = async () =>
  (await sandbox.pulumi(["stack", "output", "--show-secrets", "--stack", "dev", "kubeconfig"])).stdout;

describe("a stage that its program reaches", { timeout: 3 * minute }, () => {
  beforeAll(async () => {
    sandbox = await engineSandbox("dev");
    const run = await up();
    expectDone(run);
  }, 10 * minute);
  afterAll(() => sandbox?.remove());

  it("has Hetzner's controllers from its program, which can bring them to another version", () => {
    for (const { name, version } of [hcloudCcm, hcloudCsi]) {
      const chart = inCluster().get(place(name, { kind: "HelmChart", namespace: "kube-system" }));
      expect(chart?.["spec"]).toMatchObject({ chart: name, version, targetNamespace: "kube-system" });
    }
  });

  it("gets another deploy key in place: no object in the cluster and no server is replaced", async () => {
    const [before, old] = [identities(), part("flux-bootstrap", "identity.pub")];
    sandbox.edit("dev", ["cluster", "rotate"], { deployKey: 2 });
    const seen = await preview();
    expect(typesOf(seen, /replace/)).toEqual(["gitops:index:DeployKey", "gitops:index:GitHubDeployKey"]);
    expect(typesOf(seen, /^update$/)).toEqual(["gitops:index:RepositoryAccess", "kubernetes:core/v1:Secret"]);
    const run = await up();
    expectDone(run);
    expect(identities()).toEqual(before);
    const key = part("flux-bootstrap", "identity.pub");
    expect([key === old, part("flux-system", "identity.pub")]).toEqual([false, key]);
    const known = sandbox.services.github.keys().map((each) => each.key);
    expect(known).toEqual([key.split(" ").slice(0, 2).join(" ")]);
    expect(Object.keys((await preview()).changeSummary)).toEqual(["same"]);
  });

  it("gets another token for agents in place: the old one joins nobody, and those that have joined stay", async () => {
    const at = place("bootstrap-token-agents", { kind: "Secret", namespace: "kube-system" });
    const token = () => {
      const { "token-secret": secret = "" } = (inCluster().get(at)?.["data"] ?? {}) as {
        readonly [key: string]: string;
      };
      return Buffer.from(secret, "base64").toString();
    };
    const [before, old] = [identities(), token()];
    expect(old).toMatch(/^[a-z0-9]{16}$/);
    sandbox.edit("dev", ["cluster", "rotate"], { deployKey: 2, agentToken: 2 });
    const seen = await preview();
    expect(typesOf(seen, /replace|create|delete/)).toEqual([]);
    expect(typesOf(seen, /^update$/)).toEqual(["gitops:index:Pki", "kubernetes:core/v1:Secret"]);
    const run = await up();
    expectDone(run);
    expect(identities()).toEqual(before);
    expect(token()).not.toBe(old);
    expect(Object.keys((await preview()).changeSummary)).toEqual(["same"]);
  });

  it("lets an agent join with the token of now", async () => {
    sandbox.edit("dev", ["cluster", "pools"], { web });
    const run = await up();
    expectDone(run);
    expect(inCluster().get(place("k3s-stages-dev-web-1", { kind: "Node" }))).toBeDefined();
  });

  it("gets another admin certificate in place: the provider and all that hangs on it stay", async () => {
    const [before, old] = [identities(), await kubeconfig()];
    sandbox.edit("dev", ["cluster", "rotate"], { deployKey: 2, agentToken: 2, adminCertificate: 2 });
    expect(typesOf(await preview(), /replace|create|delete/)).toEqual([]);
    const run = await up();
    expectDone(run);
    expect(identities()).toEqual(before);
    expect(await kubeconfig()).not.toBe(old);
    expect(Object.keys((await preview()).changeSummary)).toEqual(["same"]);
  });
});

describe("a stage that its program does not reach", { timeout: 3 * minute }, () => {
  beforeAll(async () => {
    sandbox = await engineSandbox("dev");
    sandbox.edit("dev", ["cluster", "access"], "none");
    sandbox.edit("dev", ["cluster", "pools"], { web });
    for (const key of ["clusterToken", "ageKey"]) await sandbox.pulumi(["config", "rm", "--stack", "dev", key]);
  }, 10 * minute);
  afterAll(() => sandbox?.remove());

  it("comes up without its Secrets, says what that costs, and has nothing to change afterwards", async () => {
    const run = await up();
    expectDone(run);
    expect(said(run)).toContain("dev has access: none. Its credential for git lies in user data");
    expect(run.stdout).not.toMatch(/kubernetes:|ApiReady|StageReady/);
    expect(Object.keys((await preview()).changeSummary)).toEqual(["same"]);
  });

  it("takes its credential for git from user data, and follows the repository once a person brought the rest", async () => {
    await sandbox.services.clusters.settled();
    const key = part("flux-bootstrap", "identity.pub").split(" ").slice(0, 2).join(" ");
    expect(sandbox.services.github.keys().map((each) => each.key)).toEqual([key]);
    expect(await sandbox.read("clusters/dev/flux-system/gotk-sync.yaml")).not.toContain("path:");
    inCluster().put(secretAt("sops-age"), { stringData: { "age.agekey": dummySecrets["ageKey"] } });
    await sandbox.services.clusters.settled();
    expect(sandbox.services.clusters.problems).toEqual([]);
    expect(await sandbox.read("clusters/dev/flux-system/gotk-sync.yaml")).toContain("path: ./clusters/dev");
    const flux = inCluster().get(place("flux-system", { kind: "Kustomization", namespace: "flux-system" }));
    expect(flux).toMatchObject({
      status: { conditions: expect.arrayContaining([expect.objectContaining({ type: "Ready", status: "True" })]) },
    });
  });

  it("lets its agent in by the token that came with user data too", () => {
    expect(inCluster().get(place("k3s-stages-dev-web-1", { kind: "Node" }))).toBeDefined();
  });

  it.each([
    ["pools", { web: { ...web, generations: { 1: 2 } } }, "kubectl drain k3s-stages-dev-web-1 "],
    ["rotate", { deployKey: 2 }, "cluster.rotate.deployKey would take from the cluster what it has"],
    ["rotate", { agentToken: 2 }, "cluster.rotate.agentToken would take from the cluster what it has"],
  ])("refuses in a preview what nobody here could finish: %s %o", async (key, value, words) => {
    sandbox.edit("dev", ["cluster", key], value);
    const { code, stdout, stderr } = await sandbox.pulumi(["preview", "--stack", "dev"]);
    sandbox.edit("dev", ["cluster", key], key === "pools" ? { web } : {});
    expect([code === 0, stdout + stderr]).toEqual([false, expect.stringContaining(words)]);
  });
});
