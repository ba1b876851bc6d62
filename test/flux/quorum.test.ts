/** An etcd of three members that loses two of them, behind a real API server: what a run that waits for the API says then. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apiReady } from "../../provider/api-ready.ts";
import type { CreateRequest } from "../../provider/resource.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { foreignCrds } from "./harness/foreign-crds.ts";
import { type Kubernetes, startKubernetes } from "./harness/kubernetes.ts";

const folder = temporaryFolder("quorum");
let kubernetes: Kubernetes;
beforeAll(async () => {
  kubernetes = await startKubernetes({ cluster: "k3s-stages-prod", folder: folder.path, members: 3 });
  // Which k3s brings by itself.
  for (const crd of await foreignCrds())
    if (crd.metadata.name === "helmcharts.helm.cattle.io") await kubernetes.client.apply(crd);
});
afterAll(async () => {
  await kubernetes?.close();
  folder.remove();
});

const said: string[] = [];

function wait(timeout: number) {
  const { caCertificate, adminCertificate, adminKey } = kubernetes.pki;
  const inputs = { cluster: "prod", server: kubernetes.url, caCertificate, adminCertificate, adminKey };
  const log: CreateRequest["log"] = async (_, message) => void said.push(message);
  const about = { urn: "urn", inputs, secrets: new Set<string>(), preview: false };
  return apiReady({ pause: 0.5 }).create({ ...about, timeout, log, signal: new AbortController().signal });
}

describe("etcd of three members", () => {
  it("is as good with two of them", async () => {
    await kubernetes.members[0]?.stop();
    expect((await wait(60)).id).toBe("prod");
  });

  it("has no quorum with one: it is waited for, and then etcd is named with what can be done (F65)", async () => {
    await kubernetes.members[1]?.stop();
    await expect(wait(20)).rejects.toThrow(
      /\(500: not ready: etcd, etcd-readiness\), after \d+ s\. Usually etcd has no majority/,
    );
    // Which of the two it is hangs on when the API server notices itself.
    const lines = said.filter((line) => line.includes("of 20 s"));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).toMatch(/takes requests and answers none|not ready: etcd, etcd-readiness/);
  });

  it("is found again once they are back (F65)", async () => {
    for (const member of kubernetes.members.slice(0, 2)) member.start();
    expect((await wait(120)).id).toBe("prod");
  });
});
