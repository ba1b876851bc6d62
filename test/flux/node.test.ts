/**
 * The real API server starts from what a first server's first boot, by the real cloud-init, leaves on the disk: authorities,
 * flags, the files that they name. In k3s' place stands this file, which reads them as k3s does.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { dirname, join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { serverToken } from "../../provider/lifecycle/server-token.ts";
import { client } from "../../provider/pki/certificates.ts";
import { days, newAdmin, newAgentToken } from "../../provider/pki/material.ts";
import { agentTokenSecret } from "../../stacks/access/agent-token.ts";
import { kubeconfig } from "../../stacks/cluster/kubeconfig.ts";
import { boot, bootable, mirror } from "../cloud-init.ts";
import { FakeNode, makeReleases } from "../fake-node.ts";
import { material, pins, planOf } from "../node-plan.ts";
import { type KubernetesObject, kubernetesClient } from "./harness/client.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { type Kubernetes, startKubernetes } from "./harness/kubernetes.ts";

const releases = makeReleases(pins);
const folder = temporaryFolder("node");
let node: FakeNode;
let disk: string;
let kubernetes: Kubernetes;

const at = (path: string) => join(disk, path);
const auditLog = () => at("var/lib/rancher/k3s/server/logs/audit.log");

/** By cloud-init and the whole of the bootstrap unit, where that can be; else its files and the one phase by themselves. */
function makeDisk(): void {
  const plan = planOf("prod", "server-1", { "Pulumi.prod.yaml": mirror });
  if (bootable) {
    ({ node, disk } = boot({ ...plan, pins: releases.pins }, releases.folder));
    return;
  }
  node = new FakeNode(plan, releases.folder).only("config");
  disk = node.root;
  const { code, output } = node.run();
  expect([code, output]).toEqual([0, expect.stringContaining("done")]);
}

/** PEM by path below k3s' folder for them. */
function authorities(): { readonly [path: string]: string } {
  const tls = at("var/lib/rancher/k3s/server/tls");
  const files = readdirSync(tls, { recursive: true, encoding: "utf8" }).map((path) => join(tls, path));
  const texts = files
    .filter((file) => statSync(file).isFile())
    .map((file) => [relative(tls, file), readFileSync(file, "utf8")]);
  return Object.fromEntries(texts);
}

/** Paths as they are here: what they lead to has to be on the node's disk. */
function flags(): readonly string[] {
  const config = parse(readFileSync(at("etc/rancher/k3s/config.yaml"), "utf8"));
  return config["kube-apiserver-arg"].map((flag: string) => flag.replace(/=(\/(etc|var)\/)/, `=${disk}$1`));
}

beforeAll(async () => {
  makeDisk();
  const serverFiles = authorities();
  const now = new Date();
  const admin = await newAdmin({ serverFiles }, "k3s-stages-prod", { now, until: days(1, now) });
  const pki = { ...material, serverFiles, ...admin };
  kubernetes = await startKubernetes({ cluster: "k3s-stages-prod", folder: folder.path, pki, flags: flags() });
}, 400_000);
afterAll(async () => {
  await kubernetes?.close();
  folder.remove();
  node?.remove();
  rmSync(releases.folder, { recursive: true });
});

interface Asked {
  readonly path: string;
  readonly ciphers?: string;
  readonly token?: string;
}

/** As anybody in the network asks, without a certificate. */
function anonymous({ path, ciphers, token }: Asked): Promise<number> {
  const tls = ciphers ? { ciphers, maxVersion: "TLSv1.2" as const } : {};
  return new Promise((resolve, reject) => {
    const headers = token ? { authorization: `Bearer ${token}` } : {};
    const options = { ca: kubernetes.pki.caCertificate, agent: false, headers, ...tls };
    const asked = request(new URL(path, kubernetes.url), options, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.on("error", reject).end();
  });
}

const pod = (namespace: string, securityContext: object) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "try", namespace },
  spec: { containers: [{ name: "try", image: "busybox", securityContext }] },
});

/** What the controller manager would make. */
async function withAccount(namespace: string): Promise<void> {
  await kubernetes.client.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace } });
}

async function readyServer(name: string): Promise<void> {
  const metadata = { name, labels: { "node-role.kubernetes.io/control-plane": "true" } };
  await kubernetes.client.apply({ apiVersion: "v1", kind: "Node", metadata });
  const conditions = [{ type: "Ready", status: "True" }];
  await kubernetes.client.merge({ apiVersion: "v1", kind: "Node", name }, { status: { conditions } }, "status");
}

/** In the kubelets' place: says of every pod that brings a token that it has run, as far as it is seen. */
function startKubelets() {
  const pods = { apiVersion: "v1", kind: "Pod" };
  const seen: KubernetesObject[] = [];
  const look = async () => {
    for (const one of await kubernetes.client.list(pods)) {
      const { name, namespace } = one.metadata;
      if (!name.startsWith("server-token-") || one["status"]?.phase === "Succeeded") continue;
      seen.push(one);
      await kubernetes.client.merge({ ...pods, name, namespace }, { status: { phase: "Succeeded" } }, "status");
    }
  };
  let isOver = false;
  const work = (async () => {
    while (!isOver) {
      await look();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  const stop = async () => {
    isOver = true;
    await work;
  };
  return { seen, stop };
}

describe("an API server that starts from a first server's disk", () => {
  it("has every flag of the node's configuration, and finds each file that one names", () => {
    expect(flags().filter((flag) => flag.includes(disk)).length).toBeGreaterThanOrEqual(4);
    expect(flags()).toContain(`authentication-config=${at("etc/rancher/k3s/authentication.yaml")}`);
  });

  it("serves with the authorities that user data brought, and admits the administrator that they signed", async () => {
    expect(kubernetes.pki.serverFiles).toEqual(material.serverFiles);
    expect(await kubernetes.kubectl("auth", "whoami")).toContain("k3s-stages-prod-pulumi");
  });

  it.each(["/livez", "/readyz"])("answers a load balancer that asks for %s", async (path) => {
    expect(await anonymous({ path })).toBe(200);
  });

  it.each(["/version", "/api", "/api/v1/secrets", "/healthz", "/livez/etcd", "/cacerts", "/metrics"])(
    "refuses %s to whom it does not know",
    async (path) => {
      expect(await anonymous({ path })).toBe(401);
    },
  );

  it("knows an agent by the token that the stage's Secret has, and by no older one", async () => {
    const [old = "", now = ""] = [1, 2].map(() => newAgentToken(material.rootCertificate).split("::")[1]);
    expect(await anonymous({ path: "/api", token: old })).toBe(401);
    for (const token of [old, now]) {
      await kubernetes.client.apply({ apiVersion: "v1", kind: "Secret", ...agentTokenSecret(`::${token}`) });
      await expect.poll(() => anonymous({ path: "/api", token }), { timeout: 60_000 }).toBe(200);
    }
    // It remembers for ten seconds whom it let in.
    await expect.poll(() => anonymous({ path: "/api", token: old }), { timeout: 60_000, interval: 500 }).toBe(401);
    const review = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", metadata: { name: "agents" } };
    const { status } = await kubernetes.client.create({ ...review, spec: { token: now } });
    // One of k3s' own roles for agents (k3s-io/k3s pkg/server/handlers/router.go).
    expect(status.user).toMatchObject({
      username: "system:bootstrap:agents",
      groups: expect.arrayContaining(["system:bootstrappers"]),
    });
  });

  it("lets an agent's kubelet write what its bootstrap says to its own Node, and to no other", async () => {
    const { "client-ca.crt": certificate = "", "client-ca.key": key = "" } = material.serverFiles;
    const [name, other] = ["k3s-stages-prod-web-1", "k3s-stages-prod-web-2"];
    for (const each of [name, other])
      await kubernetes.client.apply({ apiVersion: "v1", kind: "Node", metadata: { name: each } });
    const now = new Date();
    const user = { name: `system:node:${name}`, group: "system:nodes" };
    const kubelet = await client(user, { from: now, until: days(1, now) }, { certificate, key });
    const agent = new FakeNode(planOf("prod", "web-1"), releases.folder).only("kernel");
    const access = { cluster: "agent", server: kubernetes.url, caCertificate: kubernetes.pki.caCertificate };
    const text = kubeconfig({ ...access, adminCertificate: kubelet.certificate, adminKey: kubelet.key });
    const file = join(agent.root, "var/lib/rancher/k3s/agent/kubelet.kubeconfig");
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    agent.useOwn("kubectl");
    const { code, output } = agent.run();
    agent.remove();
    expect([code, output]).toEqual([0, expect.stringContaining("done")]);
    const found = await kubernetes.client.get({ apiVersion: "v1", kind: "Node", name });
    const annotations = found?.metadata["annotations"] as { readonly [key: string]: string } | undefined;
    expect(JSON.parse(annotations?.["k3s-stages/status"] ?? "{}")).toMatchObject({ phase: "done", state: "done" });
    const foreign = kubernetesClient(text);
    const refused = foreign.apply({ apiVersion: "v1", kind: "Node", metadata: { name: other, annotations } });
    await expect(refused).rejects.toThrow(/403|forbidden/);
    foreign.close();
  });

  it("takes the Secrets that came with user data where nobody reaches it, and the disk keeps none", async () => {
    const { user, key } = { user: newAgentToken(material.rootCertificate), key: "OF NOBODY\n" };
    const metadata = { namespace: "flux-system", name: "flux-bootstrap" };
    const given = [{ metadata, type: "Opaque", stringData: { identity: key } }, agentTokenSecret(user)];
    const plan = planOf("prod", "server-1");
    const first = new FakeNode({ ...plan, secrets: { ...material, kind: "first", given } });
    mkdirSync(join(first.root, "etc/rancher/k3s"), { recursive: true });
    writeFileSync(join(first.root, "etc/rancher/k3s/k3s.yaml"), kubernetes.kubeconfig);
    const { code, output } = first.only("credential").useOwn("kubectl").run();
    const left = existsSync(join(first.root, "etc/k3s-stages/credential.json"));
    first.remove();
    expect([code, output, left]).toEqual([0, expect.stringContaining("done"), false]);
    const found = await kubernetes.client.get({ apiVersion: "v1", kind: "Secret", ...metadata });
    expect(Buffer.from(found?.["data"].identity, "base64").toString()).toBe(key);
  });

  it("takes a cipher of the node's list, and none without forward secrecy", async () => {
    expect(await anonymous({ path: "/livez", ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256" })).toBe(200);
    await expect(anonymous({ path: "/livez", ciphers: "ECDHE-ECDSA-AES128-SHA" })).rejects.toThrow(/handshake|alert/);
  });

  it("admits no privileged pod where a namespace says nothing, and one in kube-system", async () => {
    for (const namespace of ["default", "kube-system"]) await withAccount(namespace);
    const refused = kubernetes.client.create(pod("default", { privileged: true }));
    await expect(refused).rejects.toThrow(/violates PodSecurity "baseline/);
    await expect(kubernetes.client.create(pod("default", {}))).resolves.toMatchObject({ kind: "Pod" });
    await expect(kubernetes.client.create(pod("kube-system", { privileged: true }))).resolves.toMatchObject({
      kind: "Pod",
    });
  });

  it("takes the pods that bring servers another token, and shows the token in no description", async () => {
    await withAccount("kube-system");
    const names = ["k3s-stages-prod-server-1", "k3s-stages-prod-server-2"];
    for (const name of names) await readyServer(name);
    const kubelets = startKubelets();
    const { caCertificate, adminCertificate, adminKey } = kubernetes.pki;
    const access = { servers: [kubernetes.url], caCertificate, adminCertificate, adminKey };
    const inputs = { cluster: "prod", rotation: 2, born: 1, token: material.serverToken, nodes: names, ...access };
    const rest = { urn: "", secrets: new Set<string>(), preview: false, timeout: 300, log: async () => {} };
    const made = serverToken({ env: {}, pause: 0.3 }).create({ ...rest, inputs, signal: new AbortController().signal });
    const { outputs } = await Promise.resolve(made).finally(kubelets.stop);
    const { value } = outputs["token"] as { readonly value: string };
    expect(kubelets.seen.map(({ metadata, spec }) => `${metadata.name} on ${spec.nodeName}`)).toEqual([
      `server-token-prepare-${names[1]} on ${names[1]}`,
      `server-token-rotate-${names[0]} on ${names[0]}`,
      `server-token-switch-${names[1]} on ${names[1]}`,
      `server-token-switch-${names[0]} on ${names[0]}`,
    ]);
    expect(value).toMatch(/^K10[0-9a-f]{64}::server:[0-9a-f]{64}$/);
    expect(JSON.stringify(kubelets.seen)).not.toContain(value.split(":").at(-1));
    const left = { apiVersion: "v1", kind: "Secret", name: "k3s-stages-server-token", namespace: "kube-system" };
    expect(await kubernetes.client.get(left)).toBeUndefined();
    expect(readFileSync(auditLog(), "utf8")).not.toContain(value.split(":").at(-1));
  });

  it("writes down who made a Secret and nothing of what is in it, and no health check", async () => {
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "audited", namespace: "default" } };
    await kubernetes.client.create({ ...secret, stringData: { word: "hunter2-in-the-clear" } });
    await expect.poll(() => readFileSync(auditLog(), "utf8"), { timeout: 60_000 }).toMatch(/"name":"audited"/);
    const log = readFileSync(auditLog(), "utf8");
    expect(log).toContain('"username":"k3s-stages-prod-pulumi"');
    expect(log).not.toContain(Buffer.from("hunter2-in-the-clear").toString("base64"));
    expect(log).not.toContain("hunter2");
    expect(log).not.toMatch(/"requestURI":"\/(readyz|livez)/);
  });
});
