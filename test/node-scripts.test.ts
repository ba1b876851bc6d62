import { createHash } from "node:crypto";
import { appendFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";
import { newMaterial } from "../provider/pki/material.ts";
import { download, type FakeNode } from "./fake-node.ts";
import { fakeNodes, suite } from "./fake-nodes.ts";
import { material, pins, planOf } from "./node-plan.ts";

const { lasting, nodeOf } = fakeNodes();

const first = planOf("prod", "server-1");
const joiner = planOf("prod", "server-2");
const agent = planOf("prod", "web-1");
/** Without a public interface. */
const hidden = planOf("prod", "web-1", {
  "Pulumi.prod.yaml": { "cluster.pools.web.public": false, "cluster.gateway": { type: "cpx12" } },
});

const bin = (node: FakeNode, tool: string) => join(node.root, "usr/local/bin", tool);
const credential = (node: FakeNode) => join(node.root, "run/k3s-stages/credential");

/** As many attempts as fit into a phase's time are few when each pause takes minutes of the fake clock. */
const hurry = (node: FakeNode) => node.set("speed", 400);

/** A first server that got to its end once; the tests that only look at it share it. */
let installed: FakeNode;
let state: { readonly [path: string]: string };
beforeAll(() => {
  if (process.platform !== "linux") return;
  installed = lasting(first);
  expect(installed.run().code).toBe(0);
  state = installed.state();
});
afterAll(() => installed?.remove());

suite("a node", () => {
  it("gets to its end and says so", () => {
    expect(installed.status()).toMatchObject({ phase: "done", state: "done" });
    expect([installed.get("started"), installed.calls("flux").length]).toEqual(["k3s", 1]);
  });

  it.each([
    ["a further server", joiner, "k3s"],
    ["an agent", agent, "k3s-agent"],
  ])("that is %s runs k3s and never flux bootstrap", (_, plan, unit) => {
    const node = nodeOf(plan);
    expect(node.run().code).toBe(0);
    expect([node.status().state, node.get("started"), node.calls("flux")]).toEqual(["done", unit, []]);
  });

  it.each([
    ["while a download runs", "curl", 2],
    ["between writing a program and giving it its name", "sync", 1],
    ["while it looks for its interface", "ip", 2],
    ["when k3s is about to start", "systemctl", 1],
    ["while it waits for the API", "kubectl", 1],
    ["in flux bootstrap", "flux", 1],
    ["after flux bootstrap", "kubectl", 8],
  ])("that dies %s gets to the same end afterwards (F55)", (_, command, call) => {
    const node = nodeOf(first);
    node.set(`cut/${command}`, call);
    expect(node.run().code).not.toBe(0);
    expect(node.status().state).toBe("running");
    rmSync(join(node.world, "cut"), { recursive: true });
    expect(node.run().code).toBe(0);
    expect(node.state()).toEqual(state);
    expect(existsSync(credential(node))).toBe(false);
  });

  it("keeps programs that its cluster has upgraded since", () => {
    const node = nodeOf(agent);
    node.run();
    appendFileSync(bin(node, "k3s"), "# a newer k3s\n");
    expect(node.run().code).toBe(0);
    expect(readFileSync(bin(node, "k3s"), "utf8")).toContain("# a newer k3s");
  });

  it("says in no output what it was trusted with", () => {
    const node = nodeOf(first);
    node.set("late/flux", 1);
    const text = node.run().output + JSON.stringify(node.status());
    for (const secret of ["KEY", "AGE", "K10", "PRIVATE"]) expect(text).not.toContain(secret);
  });
});

suite("the preflight", () => {
  it("names a machine for which there is no k3s", () => {
    const node = nodeOf(agent);
    node.set("machine", "riscv64");
    hurry(node);
    expect(node.run().code).not.toBe(0);
    expect(node.status()).toMatchObject({ phase: "preflight", state: "failed", error: "there is no k3s for riscv64" });
  });

  it("stops at a disk that images would fill (F54)", () => {
    const node = nodeOf(agent);
    node.set("free", 1000);
    hurry(node);
    node.run();
    expect(node.status()).toMatchObject({
      phase: "preflight",
      error: expect.stringContaining("only 1000 KiB are free"),
    });
  });
});

suite("the private network", () => {
  it("is waited for, because Hetzner attaches it after the start (F26, F56)", () => {
    const node = nodeOf(agent).only("private-ip");
    node.set("late/address", 3);
    expect(node.run().code).toBe(0);
    expect(node.calls("sleep")).toHaveLength(3);
  });

  it("is found by its address, and k3s is told the interface", () => {
    const file = join(installed.root, "etc/rancher/k3s/config.yaml.d/discovered.yaml");
    expect(readFileSync(file, "utf8")).toBe("flannel-iface: enp7s0\n");
  });

  it("that never comes ends the run with the address in the status (F26, F56)", () => {
    const node = nodeOf(agent);
    node.set("late/address", 1000);
    hurry(node);
    expect(node.run().code).not.toBe(0);
    expect(node.status()).toMatchObject({
      phase: "private-ip",
      state: "failed",
      error: "no interface has the private address 10.30.1.11",
    });
  });
});

suite("a node without a public address", () => {
  it("goes out by the network's router, also after its next start, and asks Hetzner's resolvers", () => {
    const node = nodeOf(hidden).only("private-ip");
    node.set("late/route", 1);
    expect(node.run().code).toBe(0);
    const written = parse(readFileSync(join(node.root, "etc/netplan/90-k3s-stages.yaml"), "utf8"));
    expect(written.network.ethernets.enp7s0).toMatchObject({
      routes: [{ to: "default", via: "10.30.0.1", "on-link": true }],
      nameservers: { addresses: ["185.12.64.1", "185.12.64.2"] },
    });
    expect(node.calls("netplan")).toEqual(["netplan apply", "netplan apply"]);
  });

  it("leaves a network alone that has its route", () => {
    const node = nodeOf(hidden).only("private-ip");
    node.set("route", "default via 10.30.0.1 dev enp7s0");
    expect([node.run().code, node.calls("netplan")]).toEqual([0, []]);
  });

  it("says what is missing when no route comes", () => {
    const node = nodeOf(hidden).only("private-ip");
    node.set("late/route", 1000);
    hurry(node);
    expect(node.run().code).not.toBe(0);
    expect(node.status().error).toBe("there is no route to the internet by 10.30.0.1 yet");
  });
});

suite("an artefact", () => {
  it("with another checksum is never installed, and k3s is not started (F53)", () => {
    const node = nodeOf(first).only("fetch", "start");
    node.set(download("k9s", pins.k9s), "something else");
    hurry(node);
    expect(node.run().code).not.toBe(0);
    expect(node.status()).toMatchObject({
      phase: "fetch",
      state: "failed",
      error: expect.stringMatching(/k9s_Linux_amd64.tar.gz has SHA-256 [0-9a-f]{64}, pinned is [0-9a-f]{64}$/),
    });
    expect(existsSync(bin(node, "k9s"))).toBe(false);
    expect(node.get("started")).toBe("");
  });

  it("without a pinned checksum is not even downloaded", () => {
    const sha256 = { amd64: null, arm64: null };
    const node = nodeOf(agent, { ...pins, k3s: { ...pins.k3s, sha256 } });
    hurry(node);
    expect(node.run().code).not.toBe(0);
    expect(node.status().error).toMatch(/^no SHA-256 is pinned for https:.*k3s$/);
    expect(node.downloads()).toEqual([]);
  });

  it("is fetched again when the release host is away for a while (F53)", () => {
    const node = nodeOf(agent).only("fetch");
    node.set("late/k3s", 2);
    expect(node.run().code).toBe(0);
    expect(node.calls("curl").filter((call) => call.endsWith("/k3s"))).toHaveLength(3);
  });

  it("is the machine's own", () => {
    const node = nodeOf({ ...agent, node: { ...agent.node, type: "cax21" } }).only("fetch");
    node.set("machine", "aarch64");
    expect(node.run().code).toBe(0);
    expect(readFileSync(bin(node, "k3s"), "utf8")).toMatch(/# k3s for arm64\n$/);
  });

  it("is asked for over TLS alone, with limits to time and size (F53)", () => {
    const node = nodeOf(agent).only("fetch");
    node.run();
    const [call] = node.calls("curl");
    for (const flag of ["--proto =https", "--proto-redir =https", "--tlsv1.2", "--max-time", "--max-filesize"])
      expect(call).toContain(flag);
  });
});

suite("a joiner", () => {
  it("waits for the API that it joins (F58)", () => {
    const node = nodeOf(joiner).only("join");
    node.set("late/cacerts", 4);
    expect(node.run().code).toBe(0);
    expect(node.calls("sleep")).toHaveLength(4);
  });

  it("does not start k3s, which would send the token, against another cluster's authority (F58)", async () => {
    const other = await newMaterial("other", new Date());
    const node = nodeOf(agent).only("join", "start");
    node.set("downloads/cacerts", other.serverFiles["server-ca.crt"] ?? "");
    hurry(node);
    expect(node.run().code).not.toBe(0);
    expect(node.status()).toMatchObject({
      phase: "join",
      error: expect.stringMatching(
        /^https:\/\/10.30.0.10:6443 is of another cluster: its authority has SHA-256 [0-9a-f]{64}$/,
      ),
    });
    expect(node.get("started")).toBe("");
  });

  it("takes an authority of one certificate by the file's own hash, as k3s does", () => {
    const pem = material.rootCertificate;
    const hash = createHash("sha256").update(pem).digest("hex");
    const agentToken = `K10${hash}::agents.0123456789abcdef`;
    const node = nodeOf({ ...agent, secrets: { kind: "agent", agentToken } }).only("join");
    node.set("downloads/cacerts", pem);
    expect(node.run().code).toBe(0);
  });
});

suite("a second run", () => {
  it("changes no file, and downloads, starts and commits nothing (F55)", () => {
    const before = installed.files();
    expect(installed.run().code).toBe(0);
    expect(installed.files()).toEqual(before);
    expect([...installed.downloads(), ...installed.calls("flux")]).toEqual([]);
  });

  it("does not take an API that does not answer for a cluster without Flux", () => {
    installed.set("late/crd", 2);
    expect(installed.run().code).toBe(0);
    expect(installed.calls("sleep")).toHaveLength(2);
    expect(installed.calls("flux")).toEqual([]);
  });
});
