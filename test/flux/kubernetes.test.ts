/** The real API server takes what the program makes before the first boot: authorities, service account key, kubeconfig. */
import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { kubeconfig } from "../../stacks/cluster/kubeconfig.ts";
import { clusterPki } from "../cluster-pki.ts";
import { kubernetesClient } from "./harness/client.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { type Kubernetes, startKubernetes } from "./harness/kubernetes.ts";

const folder = temporaryFolder("kubernetes");
let kubernetes: Kubernetes;
beforeAll(async () => {
  kubernetes = await startKubernetes({ cluster: "k3s-stages-prod", folder: folder.path });
});
afterAll(async () => {
  await kubernetes?.close();
  folder.remove();
});

describe("an API server with a stage's PKI", () => {
  it("is trusted under the authority that the state holds, and admits the program's own user as an administrator", async () => {
    const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview", metadata: { name: "me" } };
    const { userInfo } = (await kubernetes.client.create(review))["status"];
    expect(userInfo.username).toBe("k3s-stages-prod-pulumi");
    expect(userInfo.groups).toContain("system:masters");
  });

  it("turns away the administrator of another stage", async () => {
    const { adminCertificate, adminKey } = await clusterPki("k3s-stages-dev");
    const access = { cluster: "prod", server: kubernetes.url, caCertificate: kubernetes.pki.caCertificate };
    const foreign = kubernetesClient(kubeconfig({ ...access, adminCertificate, adminKey }));
    await expect(foreign.list({ apiVersion: "v1", kind: "Namespace" })).rejects.toThrow(/401|Unauthorized|certificate/);
    foreign.close();
  });

  it("signs service accounts' tokens with the program's key, and believes them", async () => {
    await kubernetes.client.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "flux" } });
    const token = await kubernetes.client.token({ name: "flux", namespace: "default" });
    const review = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", metadata: { name: "flux" } };
    const { status } = await kubernetes.client.create({ ...review, spec: { token } });
    expect(status).toMatchObject({ authenticated: true, user: { username: "system:serviceaccount:default:flux" } });
  });

  it("is reached by kubectl with the kubeconfig as it is", async () => {
    const { clusters } = parse(kubernetes.kubeconfig);
    const ca = Buffer.from(clusters[0].cluster["certificate-authority-data"], "base64").toString();
    expect(new X509Certificate(ca).subject).toBe("CN=k3s-stages-prod-server-ca");
    expect(await kubernetes.kubectl("auth", "whoami")).toContain("k3s-stages-prod-pulumi");
  });
});
