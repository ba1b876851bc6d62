/** The stand-in for the kubernetes provider, over its protocol and over mutual TLS to the stand-in for a cluster's API. */
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import type { Served } from "../provider/protocol.ts";
import { type Api, startApi } from "../sandbox/cluster/api.ts";
import { type Objects, objects, place } from "../sandbox/cluster/objects.ts";
import { startKubernetesProvider } from "../sandbox/providers/kubernetes.ts";
import { kubeconfig } from "../stacks/cluster/kubeconfig.ts";
import { type ClusterPki, clusterPki } from "./cluster-pki.ts";
import { providerClient } from "./provider-client.ts";

let own: ClusterPki;
let api: Api;
let kept: Objects;
let served: Served;
let client: ReturnType<typeof providerClient>;

const configOf = (keys: Pick<ClusterPki, "caCertificate" | "adminCertificate" | "adminKey">, server = api.url) =>
  kubeconfig({ cluster: "dev", server, ...keys });

beforeAll(async () => {
  own = await clusterPki("dev");
  kept = objects([], () => undefined);
  const authorities = new Map(Object.entries(own.serverFiles));
  const shared = { address: "127.0.0.1", port: 0, installed: () => false };
  api = await startApi({ authorities, objects: kept, ...shared });
  served = await startKubernetesProvider();
  client = providerClient(served.port, "urn:pulumi:dev::k3s-stages::kubernetes:core/v1:Secret::it");
});
afterAll(async () => {
  client.close();
  await served.close();
  await api.close();
});

const at = place("sops-age", { kind: "Secret", namespace: "flux-system" });
const id = "flux-system/sops-age";
const secretOf = (text: string, name = "sops-age") => ({
  ...{ apiVersion: "v1", kind: "Secret", metadata: { name, namespace: "flux-system" }, type: "Opaque" },
  stringData: { "age.agekey": text },
});
const held = (): string => {
  const data = kept.get(at)?.["data"] as { readonly [key: string]: string } | undefined;
  return Buffer.from(data?.["age.agekey"] ?? "", "base64").toString();
};

beforeEach(async () => {
  kept.remove(place("flux-system", { kind: "Namespace" }));
  kept.put(place("flux-system", { kind: "Namespace" }), {});
  await client.configure({ kubeconfig: configOf(own) });
});

it("creates, updates in place, reads and deletes a Secret; what it holds is secret in the state", async () => {
  const made = await client.create(secretOf("one"));
  expect([made.id, held()]).toEqual([id, "one"]);
  expect([...made.secrets]).toEqual(["data"]);
  const uid = kept.get(at)?.metadata["uid"];
  const { changes, replaces } = await client.diff(id, secretOf("one"), secretOf("two"));
  expect([changes, replaces]).toEqual([{ stringData: "UPDATE" }, []]);
  await client.update(id, secretOf("one"), { news: secretOf("two") });
  expect([held(), kept.get(at)?.metadata["uid"]]).toEqual(["two", uid]);
  expect((await client.read(id, secretOf("two"))).id).toBe(id);
  for (const _ of [1, 2]) await client.remove(id, secretOf("two"));
  expect(kept.get(at)).toBeUndefined();
  expect((await client.read(id, secretOf("two"))).id).toBe("");
});

it("takes over what is there, and leaves fields of others alone", async () => {
  const labels = { "kustomize.toolkit.fluxcd.io/name": "flux-system" };
  kept.put(at, { metadata: { labels }, stringData: { "age.agekey": "of a lost state", other: "kept" } });
  const uid = kept.get(at)?.metadata["uid"];
  await client.create(secretOf("one"));
  expect(kept.get(at)).toMatchObject({ metadata: { uid, labels }, data: { other: expect.anything() } });
  expect(held()).toBe("one");
});

it("writes nothing in a preview, and replaces only for another name", async () => {
  await client.create(secretOf("one"), true);
  await client.update(id, secretOf("one"), { news: secretOf("two"), preview: true });
  expect(kept.get(at)).toBeUndefined();
  expect((await client.diff(id, secretOf("one"), secretOf("one"))).changes).toEqual({});
  const { replaces } = await client.diff(id, secretOf("one"), secretOf("one", "another"));
  expect(replaces).toEqual(["metadata"]);
});

it("brings a chart to another version in place", async () => {
  const urn = "urn:pulumi:dev::k3s-stages::kubernetes:helm.cattle.io/v1:HelmChart::it";
  const charts = providerClient(served.port, urn);
  const metadata = { name: "hcloud-csi", namespace: "kube-system" };
  const chartOf = (version: string) => ({
    apiVersion: "helm.cattle.io/v1",
    kind: "HelmChart",
    metadata,
    spec: { version },
  });
  const there = () => kept.get(place("hcloud-csi", { kind: "HelmChart", namespace: "kube-system" }));
  kept.put(place("kube-system", { kind: "Namespace" }), {});
  await charts.create(chartOf("2.21.2"));
  const uid = there()?.metadata["uid"];
  const change = [chartOf("2.21.2"), chartOf("2.22.0")] as const;
  expect(await charts.diff("kube-system/hcloud-csi", ...change)).toEqual({ changes: { spec: "UPDATE" }, replaces: [] });
  await charts.update("kube-system/hcloud-csi", change[0], { news: change[1] });
  expect([there()?.["spec"], there()?.metadata["uid"]]).toEqual([{ version: "2.22.0" }, uid]);
  charts.close();
});

it("says in words what the cluster does not take", async () => {
  kept.remove(place("flux-system", { kind: "Namespace" }));
  await expect(client.create(secretOf("one"))).rejects.toThrow('namespaces "flux-system" not found');
  const { caCertificate } = own;
  const { adminCertificate, adminKey } = await clusterPki("dev");
  await client.configure({ kubeconfig: configOf({ caCertificate, adminCertificate, adminKey }) });
  await expect(client.create(secretOf("one"))).rejects.toThrow("does not accept the admin certificate (401)");
});

it("talks to loopback only", async () => {
  const far = client.configure({ kubeconfig: configOf(own, "https://203.0.113.7:6443") });
  await expect(far).rejects.toThrow("talks to loopback only");
});

it("forgets what it cannot look at where the cluster is gone, if it was told to, and fails otherwise (F32)", async () => {
  const gone = configOf(own, "https://127.0.0.1:1");
  await client.configure({ kubeconfig: gone });
  await expect(client.read(id, secretOf("one"))).rejects.toThrow("configured Kubernetes cluster is unreachable");
  await client.configure({ kubeconfig: gone, deleteUnreachable: true });
  expect((await client.read(id, secretOf("one"))).id).toBe("");
});
