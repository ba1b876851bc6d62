/** A first server that begins with a snapshot, under faults. k3s is a stand-in: what a real one restores is not seen here. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { FakeNode } from "./fake-node.ts";
import { fakeNodes, suite } from "./fake-nodes.ts";
import { planOf } from "./node-plan.ts";

const nodes = fakeNodes();

const plan = planOf("prod", "server-1", {
  "Pulumi.prod.yaml": {
    "cluster.snapshots": { endpoint: "nbg1.your-objectstorage.com", bucket: "acme", region: "nbg1" },
    "cluster.restore": { snapshot: "nightly.zip", generation: 2 },
    "cluster.servers.generations": { "1": 2 },
  },
});
const snapshot = "https://acme.nbg1.your-objectstorage.com/prod/nightly.zip?X-Amz-Signature=5ec4e7";

function nodeOf(): FakeNode {
  if (plan.secrets.kind !== "first") throw new Error("server 1 is to start the cluster again");
  const node = nodes.nodeOf({ ...plan, secrets: { ...plan.secrets, snapshot } });
  node.set("downloads/nightly.zip", "DATA");
  return node;
}

const datastore = (node: FakeNode) => join(node.root, "var/lib/rancher/k3s/server/db/etcd");
const phases = (node: FakeNode) =>
  /^phases=(.*)$/m.exec(readFileSync(join(node.root, "etc/k3s-stages/node.env"), "utf8"))?.[1];

suite("a server that begins with a snapshot", () => {
  it("restores it before k3s ever starts, and lets itself in again afterwards (F82)", () => {
    expect(
      phases(nodeOf())
        ?.split(" ")
        .filter((each) => /restore|start|rejoin|ready/.test(each)),
    ).toEqual(["restore", "start", "rejoin", "ready"]);
  });

  it("takes the snapshot once, keeps neither it nor its address, and forgets the old machine's password (F82)", () => {
    const node = nodeOf();
    const run = node.run();
    expect(run.code, run.output).toBe(0);
    expect(readFileSync(datastore(node), "utf8").trim()).toBe("DATA");
    expect(node.get("resets")).toMatch(
      /^server --cluster-reset --cluster-reset-restore-path=\S+nightly\.zip --etcd-s3=false$/,
    );
    expect(node.get("deleted")).toBe("k3s-stages-prod-server-1.node-password.k3s");
    expect(existsSync(join(node.root, "etc/k3s-stages/snapshot"))).toBe(false);
    expect(run.output + node.calls("curl").join("\n")).not.toContain("5ec4e7");
  });

  it("restores nothing at a later boot, whatever has happened since", () => {
    const node = nodeOf();
    expect(node.run().code).toBe(0);
    expect(node.run().code).toBe(0);
    expect([node.get("resets").split("\n").length, node.get("deleted").split("\n").length]).toEqual([1, 1]);
  });

  it("begins anew when it was interrupted in the middle", () => {
    const node = nodeOf();
    node.set("cut/restore", 1);
    expect(node.run().code).not.toBe(0);
    expect(existsSync(datastore(node))).toBe(false);
    expect(node.run().code).toBe(0);
    expect(readFileSync(datastore(node), "utf8").trim()).toBe("DATA");
  });

  it("starts no empty cluster when the snapshot cannot be had, and says so", () => {
    const node = nodeOf();
    node.set("late/nightly.zip", 1000);
    node.set("speed", 2000);
    expect(node.run().code).not.toBe(0);
    expect(node.get("started")).toBe("");
    expect(node.status()).toMatchObject({
      phase: "restore",
      error: expect.stringContaining("nightly.zip cannot be had"),
    });
  });
});
