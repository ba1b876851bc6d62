/** The two resources that wait, over real TLS: what they say while they wait, and when and why they give up. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { apiReady } from "../provider/api-ready.ts";
import { remotes } from "../provider/remotes.ts";
import type { CreateRequest } from "../provider/resource.ts";
import { stageReady } from "../provider/stage-ready.ts";
import type { Properties } from "../provider/values.ts";
import { refusal, type Said } from "../sandbox/cluster/answer.ts";
import { type Api, startApi } from "../sandbox/cluster/api.ts";
import { type Objects, objects, place } from "../sandbox/cluster/objects.ts";
import { kubeconfig, readKubeconfig } from "../stacks/cluster/kubeconfig.ts";
import { type ClusterPki, clusterPki } from "./cluster-pki.ts";

let own: ClusterPki;
let foreign: ClusterPki;
let api: Api;
let kept: Objects;
let fault: () => Said | undefined;
let installed: boolean;

beforeAll(async () => {
  [own, foreign] = [await clusterPki("prod"), await clusterPki("prod")];
  kept = objects([], () => undefined);
  const authorities = new Map(Object.entries(own.serverFiles));
  const shared = { address: "127.0.0.1", port: 0, fault: () => fault(), installed: () => installed };
  api = await startApi({ authorities, objects: kept, ...shared });
});
afterAll(() => api.close());

const said: string[] = [];
beforeEach(() => {
  said.splice(0);
  [fault, installed] = [() => undefined, true];
  kept.put(place("kube-system", { kind: "Namespace" }), {});
});

const request = (inputs: Properties, timeout = 0.3): CreateRequest => ({
  ...{ urn: "urn", inputs, secrets: new Set(), preview: false, timeout, signal: new AbortController().signal },
  log: async (severity, message) => void said.push(`${severity} ${message}`),
});

const access = (by: ClusterPki, admin = by, server = api.url): Properties => {
  const { adminCertificate, adminKey } = admin;
  return { cluster: "prod", server, caCertificate: by.caCertificate, adminCertificate, adminKey };
};

const wait = (inputs: Properties, timeout?: number) => apiReady({ pause: 0.02 }).create(request(inputs, timeout));

describe("ApiReady", () => {
  it("gives the kubeconfig once the API answers, and it can be read back", async () => {
    const { outputs } = await wait(access(own));
    const text = (outputs["kubeconfig"] as { readonly value: string }).value;
    expect(readKubeconfig(text)).toEqual(access(own));
  });

  it("F65 waits while the API answers 503, and says so", async () => {
    let left = 3;
    fault = () => (left-- > 0 ? refusal(503, "etcd has no leader") : undefined);
    await wait(access(own), 60);
    expect(said[0]).toMatch(/INFO waiting for the API of prod at .*: the API answers with an error \(503: .*no leader/);
  });

  it("F65 names the checks that fail where the API lists all of them, as kube-apiserver does without etcd's majority", async () => {
    const checks =
      "[+]ping ok\n[+]log ok\n[-]etcd failed: reason withheld\n[-]etcd-readiness failed: reason withheld\n";
    fault = () => ({ status: 500, body: `${checks}readyz check failed\n` });
    await expect(wait(access(own))).rejects.toThrow(
      /error \(500: not ready: etcd, etcd-readiness\), after \d+ s\. Usually etcd has no majority/,
    );
  });

  it.each([
    ["F65 another authority", () => access(foreign, own), /another certificate authority answers \(TLS\)/],
    [
      "F65 a client that the API does not know",
      () => access(own, foreign),
      /does not accept the admin certificate \(401\)/,
    ],
    ["a port where nothing listens", () => access(own, own, "https://127.0.0.1:1"), /connection refused/],
  ])("gives up at %s in words with a way out", async (_, inputs, words) => {
    await expect(wait(inputs())).rejects.toThrow(words);
    await expect(wait(inputs())).rejects.toThrow(/after \d+ s\. \S+/);
  });

  it("F51 keeps the kubeconfig known in a preview, whatever was renewed", async () => {
    const old = { inputs: access(own), outputs: { kubeconfig: "as it was" } };
    const renewed = { ...request(access(own, foreign)), preview: true, id: "prod", oldInputs: old.inputs };
    const found = await apiReady().update?.({ ...renewed, oldOutputs: old.outputs });
    expect(found?.outputs["kubeconfig"]).toMatchObject({ value: "as it was" });
  });

  it("waits again for the API of a new machine under the old address, and not for a renewed certificate", async () => {
    const before = { ...access(own), machines: ["1"] };
    const again = (inputs: Properties) => {
      const old = { oldInputs: before, oldOutputs: {}, id: "prod" };
      return apiReady({ pause: 0.02 }).update?.({ ...request(inputs), ...old });
    };
    fault = () => refusal(503, "it starts");
    await expect(again({ ...before, machines: ["2"] })).rejects.toThrow(/it starts/);
    expect((await again({ ...before, adminKey: foreign.adminKey }))?.outputs["kubeconfig"]).toBeDefined();
  });
});

const commit = "a".repeat(40);
const node = (name: string, more: object = {}) =>
  kept.put(place(name, { kind: "Node" }), {
    spec: { taints: [] },
    status: { conditions: [{ type: "Ready", status: "True" }], nodeInfo: { kubeletVersion: "v1" } },
    ...more,
  });
const sync = (name: string, status: object) => {
  const at = place(name, { kind: "Kustomization", namespace: "flux-system" });
  kept.put(at, { spec: {} });
  kept.merge(at, { status: { observedGeneration: 1, ...status } });
};
const ready = (status: string, message = "") => ({ conditions: [{ type: "Ready", status, message }] });

const expecting = (more: Properties = {}): Properties => {
  const { cluster, server, ...keys } = access(own) as { [name: string]: string };
  const text = kubeconfig({ cluster, server, ...keys } as unknown as Parameters<typeof kubeconfig>[0]);
  const expected = { nodes: ["one"], version: "v1", initialized: true, kustomizations: ["flux-system", "blog"] };
  return { stage: "prod", kubeconfig: text, ...expected, url: "/nowhere", branch: "main", commit, ...more };
};
const waiting = () => stageReady(remotes(), { pause: 0.02 });
const stage = (more: Properties = {}) => waiting().create(request(expecting(more)));

describe("StageReady", () => {
  beforeEach(() => {
    node("one");
    for (const name of ["flux-system", "blog"])
      sync(name, { ...ready("True"), lastAppliedRevision: `main@sha1:${commit}` });
  });

  it("ends when nodes and Kustomizations are there, and warns of a policy without a tag", async () => {
    const at = place("blog-prod", { kind: "ImagePolicy", namespace: "blog" });
    kept.put(at, { status: ready("False", "no tags in database") });
    expect((await stage()).outputs).toEqual({ revision: `main@sha1:${commit}` });
    expect(said).toContainEqual("WARNING the policy blog/blog-prod selects no tag yet: no tags in database");
    kept.remove(at);
  });

  it("F66 names the node that is missing, in its own words", async () => {
    const report = { two: JSON.stringify({ phase: "fetch", state: "waiting", attempt: 3, error: "curl: 404" }) };
    kept.merge(place("k3s-stages-status", { kind: "ConfigMap", namespace: "kube-system" }), { data: report });
    const words = /1 of 2 nodes are ready: two has not joined \[phase fetch, waiting, attempt 3: curl: 404\]/;
    await expect(stage({ nodes: ["one", "two"] })).rejects.toThrow(words);
  });

  it("F66 names the node that is not ready, with its kubelet's words", async () => {
    const conditions = [{ type: "Ready", status: "False", message: "container runtime network not ready" }];
    const said = JSON.stringify({ phase: "cloud", state: "waiting", attempt: 9, error: "" });
    const metadata = { annotations: { "k3s-stages/status": said } };
    node("one", { metadata, status: { conditions, nodeInfo: { kubeletVersion: "v1" } } });
    const words = /one is not Ready \(container runtime network not ready\) \[phase cloud, waiting, attempt 9\]/;
    await expect(stage()).rejects.toThrow(words);
  });

  it("waits again where a machine is another one than before, and where nothing is it does not look", async () => {
    node("one", { status: { conditions: [{ type: "Ready", status: "Unknown", message: "it was replaced" }] } });
    const old = { oldInputs: expecting({ machines: ["1"] }), oldOutputs: { revision: "main" }, id: "prod" };
    const again = (machines: readonly string[]) => waiting().update?.({ ...request(expecting({ machines })), ...old });
    await expect(again(["2"])).rejects.toThrow("one is not Ready (it was replaced)");
    expect(await again(["1"])).toEqual({ outputs: { revision: "main" } });
  });

  it("F66 tells of a node that runs another version, and does not wait for its upgrade", async () => {
    await stage({ version: "v2" });
    expect(said.filter((each) => each.startsWith("WARNING")).join()).toMatch(/one.*v1/);
  });

  it("F66 names the taint that stays, and who takes it off", async () => {
    node("one", { spec: { taints: [{ key: "node.cloudprovider.kubernetes.io/uninitialized" }] } });
    await expect(stage()).rejects.toThrow(/one has the taint .*uninitialized.*hcloud-cloud-controller-manager/);
  });

  it.each([
    ["F69 a failed health check", "timeout waiting for: [Deployment/blog/blog status: 'InProgress']"],
    ["F70 a missing key", "cannot get sops data key: no identity matched any of the recipients"],
  ])("says the Kustomization's own words: %s", async (_, message) => {
    sync("blog", { ...ready("False", message), lastAppliedRevision: `main@sha1:${commit}` });
    await expect(stage()).rejects.toThrow(`1 of 2 Kustomizations are not ready: blog: ${message}`);
  });

  it("says that Flux is not installed where its kinds are unknown (F69)", async () => {
    installed = false;
    await expect(stage()).rejects.toThrow(/Flux is not installed.*flux-system\/flux-bootstrap/);
  });
});
