import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { newMaterial } from "../provider/pki/material.ts";
import { parseCloudConfig } from "../sandbox/node/cloud-config.ts";
import type { NodePlan } from "../stacks/cluster/node-settings.ts";
import { awkward } from "./awkward-strings.ts";
import type { FakeNode } from "./fake-node.ts";
import { fakeNodes, suite } from "./fake-nodes.ts";
import { material, planOf, userDataOf } from "./node-plan.ts";

const nodes = fakeNodes();

function nodeOf(plan: NodePlan, ...phases: readonly string[]): FakeNode {
  const node = nodes.nodeOf(plan).only(...phases);
  node.set("speed", 400);
  return node;
}

const first = planOf("prod", "server-1");
const agent = planOf("prod", "web-1");
const bin = (node: FakeNode, tool: string) => join(node.root, "usr/local/bin", tool);
const tls = (node: FakeNode, ...path: readonly string[]) => join(node.root, "var/lib/rancher/k3s/server/tls", ...path);

function failure(node: FakeNode) {
  expect(node.run().code).not.toBe(0);
  return node.status();
}

suite("a node says what stops it", () => {
  it("when the disk is full in an installation, and leaves no part of a program (F54)", () => {
    const node = nodeOf(agent, "fetch");
    node.set("full", "");
    expect(failure(node)).toMatchObject({ phase: "fetch", error: "sync: No space left on device" });
    expect(existsSync(bin(node, "k3s"))).toBe(false);
    rmSync(join(node.world, "full"));
    expect(node.run().code).toBe(0);
  });

  it.each(["enp7s0", "ens10", "eth1", "foo"])("and finds the private interface %s by its address (F56)", (device) => {
    const node = nodeOf(agent, "config");
    node.set("device", device);
    expect(node.run().code).toBe(0);
    const file = join(node.root, "etc/rancher/k3s/config.yaml.d/discovered.yaml");
    expect(readFileSync(file, "utf8")).toBe(`flannel-iface: ${device}\n`);
  });

  it("when the metadata service answers with a page, or not at all (F57)", () => {
    const page = nodeOf(agent, "preflight");
    page.set("downloads/instance-id", "<html>");
    expect(failure(page).error).toBe(
      "the metadata service does not answer with this server's id through eth0; volumes need it",
    );
  });

  it("and removes the route by which the metadata service is lost (F57)", () => {
    const node = nodeOf(agent, "preflight");
    node.set("blackhole", "");
    node.set("speed", 1);
    const { code, output } = node.run();
    expect(code).toBe(0);
    expect(output).toContain("was routed through enp7s0, where it does not answer; the route is removed now");
  });

  it("asks no metadata service where nothing needs it (F57)", () => {
    const plain = planOf("prod", "web-1", { "Pulumi.prod.yaml": { "cluster.cloudProvider": "none" } });
    const node = nodeOf(plain, "preflight");
    node.set("blackhole", "");
    expect(node.run().code).toBe(0);
  });

  it("when a joined endpoint answers with a page (F58)", () => {
    const node = nodeOf(agent, "join");
    node.set("downloads/cacerts", "<html>busy</html>");
    expect(failure(node).error).toMatch(/is of another cluster: its authority has SHA-256 [0-9a-f]{64}$/);
  });

  it("when it brings other authorities than its cluster has, and keeps those (F59)", async () => {
    const node = nodeOf(first, "config");
    mkdirSync(tls(node), { recursive: true });
    const other = await newMaterial("other", new Date());
    writeFileSync(tls(node, "server-ca.crt"), other.serverFiles["server-ca.crt"] ?? "");
    expect(failure(node).error).toBe(
      "this node has the authorities of a cluster already, others than user data brings; they are kept",
    );
    expect(readFileSync(tls(node, "server-ca.crt"), "utf8")).toBe(other.serverFiles["server-ca.crt"]);
  });

  it("but not when they are the same, or delivered again after a restart (F59)", () => {
    const node = nodeOf(first, "config");
    expect(node.run().code).toBe(0);
    expect(readFileSync(tls(node, "server-ca.crt"), "utf8")).toBe(material.serverFiles["server-ca.crt"]);
    mkdirSync(join(node.root, "etc/k3s-stages/tls"));
    writeFileSync(join(node.root, "etc/k3s-stages/tls/server-ca.crt"), material.serverFiles["server-ca.crt"] ?? "");
    expect(node.run().code).toBe(0);
  });

  it.each([
    [
      'level=fatal msg="unknown flag --tokn K10abc::server:hunter2"',
      "k3s: level=fatal msg=unknown flag --tokn (token)",
    ],
    ["etcdserver: too many learner members in cluster", "k3s: etcd takes one new member at a time, k3s tries again"],
    ['level=fatal msg="critical configuration value mismatch"', "k3s: its settings differ from the cluster's; replace"],
    [
      'level=error msg="node password rejected"',
      "k3s: delete the Secret kube-system/k3s-stages-prod-server-1.node-pass",
    ],
    [
      'level=info msg="Waiting to retrieve agent configuration; server is not ready: https://127.0.0.1:6444/v1-k3s/config: 401 Unauthorized"',
      "k3s: its token is not the cluster's; pulumi up brings that, or replace this node",
    ],
  ])("when k3s says %s (F60)", (journal, said) => {
    const node = nodeOf(first, "start", "ready");
    for (const tool of ["k3s"]) {
      mkdirSync(join(node.root, "usr/local/bin"), { recursive: true });
      writeFileSync(bin(node, tool), "", { mode: 0o755 });
    }
    mkdirSync(join(node.root, "etc/rancher/k3s/config.yaml.d"), { recursive: true });
    writeFileSync(join(node.root, "etc/rancher/k3s/config.yaml.d/discovered.yaml"), "flannel-iface: enp7s0\n");
    node.set("late/ready", 1000);
    node.set("speed", 2000);
    node.set("journal", journal);
    const { phase, error } = failure(node);
    expect([phase, error]).toEqual(["ready", expect.stringContaining(said)]);
    expect(error).not.toContain("hunter2");
  });

  it("when its clock is two days off and no time server sets it, and goes on when one has (F61)", () => {
    const node = nodeOf(agent, "preflight");
    node.set("synchronized", "no");
    node.set("offset", 2 * 86_400);
    expect(failure(node).error).toMatch(/^the clock is -1727\d\d|^the clock is -1728\d\d/);
    node.set("synchronized", "yes");
    expect(node.run().code).toBe(0);
  });

  it("when a file is missing without which the kubelet or the API server does not start (F62)", () => {
    const node = nodeOf(first, "kernel", "config");
    rmSync(join(node.root, "etc/sysctl.d/90-k3s-stages.conf"));
    expect(failure(node).error).toMatch(/90-k3s-stages.conf is missing, and the kubelet does not start/);
    const open = nodeOf(first, "config");
    writeFileSync(join(open.root, "etc/rancher/k3s/authentication.yaml"), "kind: AuthenticationConfiguration\n");
    expect(failure(open).error).toMatch(/does not mention anonymous requests; all would be let in$/);
    rmSync(join(open.root, "etc/rancher/k3s/audit.yaml"));
    expect(failure(open).error).toMatch(/audit.yaml is missing; the API would not start|anonymous requests/);
  });

  it("in the cluster too, each server under its own name (F60)", () => {
    const node = nodeOf(first, "kernel");
    writeFileSync(join(node.root, "etc/rancher/k3s/k3s.yaml"), "");
    expect(node.run().code).toBe(0);
    const { kind, metadata, data } = JSON.parse(node.get("published"));
    expect([kind, metadata]).toEqual(["ConfigMap", { name: "k3s-stages-status", namespace: "kube-system" }]);
    expect(JSON.parse(data["k3s-stages-prod-server-1"])).toEqual(node.status());
  });
});

describe("what an agent's bootstrap says", () => {
  it("is in the cluster too, at its own Node (F60)", () => {
    const node = nodeOf(agent, "kernel");
    const kubeconfig = join(node.root, "var/lib/rancher/k3s/agent/kubelet.kubeconfig");
    mkdirSync(dirname(kubeconfig), { recursive: true });
    writeFileSync(kubeconfig, "");
    expect(node.run().code).toBe(0);
    const [name, text = ""] = node.get("annotated").split(" k3s-stages/status=");
    expect([name, JSON.parse(text)]).toEqual(["k3s-stages-prod-web-1", node.status()]);
    expect(node.get("published")).toBe("");
  });
});

describe("user data", () => {
  it("holds a label and a token as they are, whatever they are (F63)", () => {
    for (const text of [...awkward, "$(touch x)", "`id`", "a\\b", "100%", 'it\'s "it"', "two\nlines"]) {
      const agentToken = `K10${"0".repeat(64)}::node:${text}`;
      const node = { ...agent.node, kubernetes: { labels: { note: text }, taints: [] } };
      const { files } = parseCloudConfig(userDataOf({ ...agent, node, secrets: { kind: "agent", agentToken } }));
      const config = parse(files.find(({ path }) => path === "/etc/rancher/k3s/config.yaml")?.content ?? "");
      expect([config.token, config["node-label"]]).toEqual([agentToken, [`note=${text}`]]);
    }
  });
});
