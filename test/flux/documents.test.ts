/**
 * The documents' kubectl commands, as the documents have them, at a real API server with the definitions of all that is
 * rendered, and Flux's notification-controller. There are no machines: nodes and a pod are objects, with the status that a
 * kubelet would give.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { resolve } from "../../stacks/config/resolve.ts";
import { commands, needsMachines } from "../documents.ts";
import { objectsOf, treeOf } from "../fleets.ts";
import { seedSources } from "../sources.ts";
import { applyAll } from "./harness/bootstrap.ts";
import type { KubernetesObject } from "./harness/client.ts";
import { type Controllers, startControllers } from "./harness/controllers.ts";
import { fluxComponents } from "./harness/flux-command.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { foreignCrds } from "./harness/foreign-crds.ts";
import { type Kubernetes, startKubernetes } from "./harness/kubernetes.ts";
import { until } from "./harness/until.ts";

const folder = temporaryFolder("documents");
let kubernetes: Kubernetes;
let controllers: Controllers;

const node = (name: string): KubernetesObject => ({ apiVersion: "v1", kind: "Node", metadata: { name } });
const names = ["server-1", "server-2", "server-3", "web-1"].map((name) => `k3s-stages-prod-${name}`);
const ready = { conditions: [{ type: "Ready", status: "True", reason: "KubeletReady" }] };

/** docs/infrastructure.md, Alerts and webhooks. */
const receivers = { registry: { watches: "images", type: "dockerhub", secret: "webhook-token" } };
const withReceiver = resolve(
  seedSources({
    "Pulumi.yaml": { notifications: { receivers } },
    "Pulumi.prod.yaml": { webhooks: { host: "flux.example.com", issuer: "letsencrypt" } },
  }),
);

const [why, blog] = ["container has runAsNonRoot and image will run as root", { name: "blog", namespace: "default" }];
/** A pod that docs/applications.md tells of, and what a kubelet says of it. */
const refusedPod: readonly KubernetesObject[] = [
  { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: "default" } },
  {
    apiVersion: "v1",
    kind: "Pod",
    metadata: blog,
    spec: { containers: [{ name: "blog", image: "ghcr.io/acme/blog:v1" }] },
  },
];

/** An event is found by the identity of what it is about. */
async function refused(): Promise<void> {
  await applyAll(kubernetes.client, refusedPod);
  const uid = await kubernetes.kubectl("get", "pod", blog.name, "-o", "jsonpath={.metadata.uid}");
  await kubernetes.client.apply({
    ...{ apiVersion: "v1", kind: "Event", metadata: { name: "blog.1", namespace: blog.namespace } },
    ...{ involvedObject: { apiVersion: "v1", kind: "Pod", uid, ...blog }, reason: "Failed", message: `Error: ${why}` },
    ...{ type: "Warning", source: { component: "kubelet" } },
  });
}

const status = (kind: string, name: string, value: object) =>
  kubernetes.kubectl(
    "patch",
    kind,
    name,
    "--subresource=status",
    "--type=merge",
    "-p",
    JSON.stringify({ status: value }),
  );

beforeAll(async () => {
  kubernetes = await startKubernetes({ cluster: "k3s-stages-prod", folder: folder.path });
  const { client, kubeconfigFile } = kubernetes;
  const components = parseAllDocuments(await fluxComponents()).map((each) => each.toJS());
  await applyAll(client, [...components, ...(await foreignCrds())]);
  const rendered = objectsOf(treeOf("prod", withReceiver)).filter(({ kind }) => kind === "Receiver");
  const kept = { apiVersion: "v1", kind: "ConfigMap", data: { phase: "flux" } };
  await applyAll(client, [
    ...names.map(node),
    ...rendered.map(({ object }) => object),
    { ...kept, metadata: { name: "k3s-stages-status", namespace: "kube-system" } },
  ]);
  await refused();
  for (const name of names) await status("node", name, ready);
  controllers = await startControllers({ client, kubeconfigFile, folder: folder.path }, ["notification-controller"]);
}, 600_000);
afterAll(async () => {
  await controllers?.stop();
  await kubernetes?.close();
  folder.remove();
});

/** What it prints for each command that is about more than the API server's being there. */
const says: { readonly [command: string]: string } = {
  "kubectl get nodes": "k3s-stages-prod-server-1   Ready",
  "kubectl describe pod": why,
  "kubectl describe nodes": "KubeletReady",
  "kubectl describe node": "KubeletReady",
  "kubectl -n flux-system get receiver registry -o jsonpath='{.status.webhookPath}'": "/hook/",
};

/** In the documents' order, but a Secret before what follows from it, and what is taken away at the end. */
const order = ({ text }: { readonly text: string }): number =>
  / create /.test(text) ? 0 : / delete /.test(text) ? 2 : 1;
const told = [
  ...new Map(
    commands
      .filter(({ text }) => text.startsWith("kubectl ") && !needsMachines.test(text))
      .toSorted((a, b) => order(a) - order(b))
      .map((command) => [command.text, command]),
  ).values(),
];

describe("a command of kubectl in the documents", () => {
  it.each(told)("does what $document says: $text", async ({ text }) => {
    const env = { ...process.env, KUBECONFIG: kubernetes.kubeconfigFile };
    // The API server is there before the controller has answered.
    const stdout = await until({ what: text }, async () => {
      const run = await promisify(execFile)("bash", ["-c", text], { env });
      return run.stdout.includes(says[text] ?? "") && run;
    });
    expect(stdout.stderr).not.toContain("error");
  });

  it("is known here where it says more than that it was run", () => {
    expect(Object.keys(says).filter((text) => !told.some((command) => command.text === text))).toEqual([]);
  });

  it("leaves the nodes that nobody deleted", async () => {
    expect(await kubernetes.kubectl("get", "nodes", "-o", "name")).toBe(
      "node/k3s-stages-prod-server-1\nnode/k3s-stages-prod-web-1\n",
    );
  });
});
