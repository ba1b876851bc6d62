import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { unpackedUserData } from "../sandbox/node/cloud-config.ts";
import { nodeScripts } from "../stacks/cluster/node-scripts.ts";
import type { NodePlan } from "../stacks/cluster/node-settings.ts";
import { userData } from "../stacks/cluster/user-data.ts";
import { ConfigError } from "../stacks/config/error.ts";
import { material, pins, planOf, userDataOf } from "./node-plan.ts";

const folder = join(import.meta.dirname, "../stacks/cluster/node");

interface CloudConfig {
  readonly write_files: readonly { readonly path: string; readonly permissions: string; readonly content: string }[];
  readonly runcmd: unknown;
}

const textOf = (plan: NodePlan): string => unpackedUserData(userDataOf(plan));
const cloudConfig = (plan: NodePlan): CloudConfig => parse(textOf(plan));
const paths = (plan: NodePlan) => cloudConfig(plan).write_files.map(({ path }) => path);
const content = (plan: NodePlan, path: string) =>
  cloudConfig(plan).write_files.find((file) => file.path === path)?.content ?? "";
const config = (plan: NodePlan) => parse(content(plan, "/etc/rancher/k3s/config.yaml"));

const first = planOf("prod", "server-1");
/** Server 1 of several that is made again: it joins the others. */
const again = planOf("prod", "server-1", { "Pulumi.prod.yaml": { "cluster.servers.generations": { "1": 2 } } });
const joiner = planOf("prod", "server-2");
const agent = planOf("prod", "web-1");
const all = [
  ["the first server", first],
  ["a first server that joins", again],
  ["a further server", joiner],
  ["an agent", agent],
  ["the only server", planOf("dev", "server-1")],
] as const;

/** On CI a missing tool is a failure, elsewhere a reason to skip. */
const has = (tool: string) =>
  process.env["CI"] === "true" || spawnSync(tool, ["--version"], { stdio: "ignore" }).error === undefined;

describe.each(all)("the user data of %s", (_, plan) => {
  it("is a cloud-config in ASCII, packed into about half of what Hetzner takes", () => {
    expect(textOf(plan)).toMatch(/^#cloud-config\n[\n -~]*$/);
    expect(userDataOf(plan)).toMatch(/^[A-Za-z0-9+/]+={0,2}$/);
    expect(userDataOf(plan).length).toBeLessThanOrEqual(16_384);
  });

  it("says neither when nor where it was packed", () => {
    const header = Buffer.from(userDataOf(plan), "base64").subarray(0, 10);
    expect([header.readUInt32LE(4), header[9]]).toEqual([0, 255]);
  });

  it("runs one command, which starts the unit and does not wait", () => {
    expect(cloudConfig(plan).runcmd).toEqual([["systemctl", "enable", "--now", "--no-block", "k3s-stages.service"]]);
  });

  it("lets only root read what it writes, but for programs and units", () => {
    for (const { path, permissions } of cloudConfig(plan).write_files)
      expect([path, permissions]).toEqual([
        path,
        /^\/etc\/sys(temd|ctl)|\.sh$/.test(path) ? "0644" : path.startsWith("/usr/local/lib") ? "0755" : "0600",
      ]);
  });

  it("carries the script of every phase, and each without its comments only", () => {
    const phases = /^phases=(.*)$/m.exec(content(plan, "/etc/k3s-stages/node.env"))?.[1]?.split(" ") ?? [];
    const carried = (name: string) => content(plan, `/usr/local/lib/k3s-stages/${name}`);
    const lines = (text: string) => text.split("\n").filter((line) => line !== "" && !/^ *#(?!!)/.test(line));
    for (const [file, name] of [
      ["node.sh", "node.sh"],
      ...["bootstrap", ...phases].map((each) => [`${each}.sh`, each]),
    ])
      expect(lines(carried(name ?? ""))).toEqual(lines(nodeScripts()[file ?? ""] ?? ""));
  });

  it("gives the same bytes for the same plan", () => {
    expect(userDataOf(plan)).toBe(userDataOf(plan));
  });

  it("has k3s wait for the metadata service to be closed", () => {
    const unit = plan.node.role === "server" ? "k3s" : "k3s-agent";
    expect(content(plan, `/etc/systemd/system/${unit}.service`)).toMatch(/^Requires=k3s-stages-metadata.service$/m);
    expect(paths(plan)).toContain("/usr/local/lib/k3s-stages/metadata");
  });

  it("brings the settings without which a kubelet that protects the kernel's does not start", () => {
    expect(config(plan)["protect-kernel-defaults"]).toBe(true);
    const settings = content(plan, "/etc/sysctl.d/90-k3s-stages.conf").split("\n");
    for (const line of ["vm.panic_on_oom=0", "vm.overcommit_memory=1", "kernel.panic=10", "kernel.panic_on_oops=1"])
      expect(settings).toContain(line);
  });

  it("installs nothing by cloud-init", () => {
    expect(Object.keys(cloudConfig(plan))).toEqual(["write_files", "runcmd"]);
  });
});

describe("k3s' configuration", () => {
  it("of the first server starts a cluster, of the others joins it through the load balancer", () => {
    expect(config(first)).toMatchObject({ "cluster-init": true, "node-ip": "10.30.0.11" });
    expect(config(first)).not.toHaveProperty("server");
    expect(config(joiner)).toMatchObject({
      server: "https://10.30.0.10:6443",
      "node-name": "k3s-stages-prod-server-2",
    });
    expect(config(joiner)).not.toHaveProperty("cluster-init");
  });

  it("is equal on all servers but for the node's own name, addresses and way in", () => {
    const shared = (plan: NodePlan) => {
      const own = ["node-name", "node-ip", "advertise-address", "cluster-init", "server"];
      return Object.fromEntries(Object.entries(config(plan)).filter(([key]) => !own.includes(key)));
    };
    expect(shared(joiner)).toEqual(shared(first));
    expect(shared(first)).toMatchObject({ "secrets-encryption": true, "write-kubeconfig-mode": "0600" });
  });

  it("has the place where people reach the API in its certificate, and that of the joins", () => {
    expect(config({ ...first, apiAddress: "203.0.113.7" })["tls-san"]).toEqual(["10.30.0.10", "203.0.113.7"]);
    expect(config({ ...first, apiAddress: "10.30.0.10" })["tls-san"]).toEqual(["10.30.0.10"]);
  });

  it("tells Kubernetes the node's labels and taints when it joins", () => {
    const labelled = planOf("prod", "web-1", {
      "Pulumi.prod.yaml": {
        "cluster.pools.web.labels": { "example.com/disk": "ssd" },
        "cluster.pools.web.taints": ["gpu=true:NoSchedule", "spot:PreferNoSchedule"],
      },
    });
    expect(config(labelled)).toMatchObject({
      "node-label": ["example.com/disk=ssd"],
      "node-taint": ["gpu=true:NoSchedule", "spot:PreferNoSchedule"],
    });
  });

  it("of an agent has the agents' token and nothing of a server", () => {
    const { "kubelet-arg": kubelet, ...others } = config(agent);
    expect(kubelet).toContain("cloud-provider=external");
    expect(others).toEqual({
      "protect-kernel-defaults": true,
      "node-name": "k3s-stages-prod-web-1",
      "node-ip": "10.30.1.11",
      server: "https://10.30.0.10:6443",
      token: material.agentToken,
    });
  });
});

describe("anonymous requests", () => {
  const file = "/etc/rancher/k3s/authentication.yaml";

  it("get the two answers of a health check from a server and nothing else", () => {
    for (const plan of [first, joiner]) {
      expect(config(plan)["kube-apiserver-arg"]).toContain(`authentication-config=${file}`);
      expect(parse(content(plan, file)).anonymous).toEqual({
        enabled: true,
        conditions: [{ path: "/livez" }, { path: "/readyz" }],
      });
    }
    expect(paths(agent)).not.toContain(file);
  });
});

describe("Hetzner's controllers", () => {
  const manifests = "/var/lib/rancher/k3s/server/manifests";
  const bare = planOf("prod", "server-1", { "Pulumi.prod.yaml": { "cluster.cloudProvider": "none" } });
  const unreached = planOf("prod", "server-1", { "Pulumi.prod.yaml": { "cluster.access": "none" } });
  const chart = (name: string) => parse(content(unreached, `${manifests}/${name}.yaml`)).spec;

  it("take the place of k3s' own on every node, and come with the first server only where nobody reaches the API", () => {
    for (const plan of [first, joiner]) expect(config(plan)).toMatchObject({ "disable-cloud-controller": true });
    for (const plan of [first, joiner, agent]) expect(config(plan)["kubelet-arg"]).toContain("cloud-provider=external");
    const brought = paths(unreached).filter((path) => path.startsWith(manifests));
    expect(brought).toEqual(
      ["hcloud-cloud-controller-manager", "hcloud-csi"].map((each) => `${manifests}/${each}.yaml`),
    );
    for (const plan of [first, joiner, agent]) expect(textOf(plan)).not.toContain(manifests);
  });

  it("are pinned, and the one without which nothing is scheduled comes first", () => {
    expect(chart("hcloud-cloud-controller-manager")).toMatchObject({ version: "1.33.0", bootstrap: true });
    expect(chart("hcloud-csi")).toMatchObject({ version: "2.21.2" });
    expect(chart("hcloud-csi")).not.toHaveProperty("bootstrap");
  });

  it("leave routes and load balancers to k3s, and ask the metadata service as root of the host only", () => {
    const values = (name: string) => parse(chart(name).valuesContent);
    expect(values("hcloud-cloud-controller-manager")).toEqual({
      networking: { enabled: true, clusterCIDR: config(first)["cluster-cidr"] },
      env: {
        HCLOUD_NETWORK_ROUTES_ENABLED: { value: "false" },
        HCLOUD_NETWORK_DISABLE_ATTACHED_CHECK: { value: "true" },
        HCLOUD_LOAD_BALANCERS_ENABLED: { value: "false" },
      },
    });
    expect(values("hcloud-csi")).toMatchObject({
      node: { hostNetwork: true },
      controller: { hcloudVolumeDefaultLocation: "nbg1" },
    });
  });

  it("are none of a cluster that wants none, which keeps k3s' own", () => {
    expect(textOf(bare)).not.toMatch(/cloud-provider=|disable-cloud-controller|charts.hetzner.cloud/);
    expect(content(bare, "/etc/k3s-stages/node.env")).not.toMatch(/^phases=.* cloud /m);
  });
});

describe("snapshots", () => {
  const store = { endpoint: "fsn1.your-objectstorage.com", bucket: "etcd", region: "fsn1" };
  const kept = planOf("prod", "server-1", { "Pulumi.prod.yaml": { "cluster.snapshots": store } });

  it("go to S3 with what a Secret says, and nothing about the store is in user data", () => {
    expect(config(kept)).toMatchObject({
      "etcd-snapshot-schedule-cron": "0 */6 * * *",
      "etcd-snapshot-retention": 28,
      "etcd-s3": true,
      "etcd-s3-config-secret": "k3s-etcd-snapshot-s3-config",
    });
    expect(textOf(kept)).not.toContain("objectstorage");
    expect(textOf(first)).not.toContain("etcd-s3");
  });
});

describe("secrets", () => {
  it("of the authorities are on the first server only, beside the place where k3s looks for them", () => {
    const tls = "/etc/k3s-stages/tls/";
    const found = paths(first).filter((path) => path.startsWith(tls));
    expect(found).toEqual(
      Object.keys(material.serverFiles)
        .toSorted()
        .map((path) => tls + path),
    );
    for (const [path, pem] of Object.entries(material.serverFiles)) expect(content(first, tls + path)).toBe(pem);
    for (const plan of [again, joiner, agent]) expect(textOf(plan)).not.toContain("PRIVATE KEY");
  });

  it("of a server never reach an agent", () => {
    expect(textOf(agent)).not.toContain(material.serverToken.split(":").at(-1));
  });

  it("are not in the settings that the scripts read", () => {
    for (const [, plan] of all) expect(content(plan, "/etc/k3s-stages/node.env")).not.toMatch(/K10|PRIVATE/);
  });
});

describe("what a node installs", () => {
  const tools = (plan: NodePlan) =>
    content(plan, "/etc/k3s-stages/artefacts")
      .trim()
      .split("\n")
      .map((row) => row.split(" ").slice(0, 3));

  const arm = { ...agent, node: { ...agent.node, type: "cax21" } };

  it("is k3s, helm, k9s and flux on a server and k3s on an agent, for its own architecture, as pinned", () => {
    const row = (tool: "k3s" | "helm" | "k9s" | "flux") => [tool, "amd64", pins[tool].sha256.amd64];
    expect(tools(first)).toEqual([row("k3s"), row("helm"), row("k9s"), row("flux")]);
    expect(tools(agent)).toEqual([row("k3s")]);
    expect(tools(arm)).toEqual([["k3s", "arm64", pins.k3s.sha256.arm64]]);
  });

  it("comes from a mirror with the same digests, where one is given", () => {
    const mirrored = planOf("prod", "server-1", {
      "Pulumi.prod.yaml": { "cluster.mirror": "https://mirror.example.com/a" },
    });
    const urls = content(mirrored, "/etc/k3s-stages/artefacts").match(/https:\S+/g) ?? [];
    const own = content(first, "/etc/k3s-stages/artefacts").match(/https:\S+/g) ?? [];
    expect(urls).toEqual(own.map((url) => url.replace("https://", "https://mirror.example.com/a/")));
    expect(tools(mirrored)).toEqual(tools(first));
  });

  it("has a dash where no digest is known, which a node refuses", () => {
    const flux = { ...pins.flux, sha256: { ...pins.flux.sha256, amd64: null } };
    expect(tools({ ...first, pins: { ...pins, flux } })).toContainEqual(["flux", "amd64", "-"]);
  });
});

describe("flux bootstrap", () => {
  const settings = (plan: NodePlan) => content(plan, "/etc/k3s-stages/node.env");

  it("is a phase of server 1 alone, which may have been made again before it ever ran", () => {
    expect(settings(first)).toMatch(/^phases=private-ip preflight kernel fetch config start ready cloud flux scrub$/m);
    expect(settings(again)).toMatch(
      /^phases=private-ip preflight kernel fetch config join start ready cloud flux scrub$/m,
    );
    for (const plan of [joiner, agent])
      expect(settings(plan)).toMatch(/^phases=private-ip preflight kernel fetch config join start ready cloud scrub$/m);
  });

  it("is called by a server 1 that joins as by one that starts the cluster", () => {
    const lines = (plan: NodePlan) => settings(plan).split("\n");
    const asked = ["url", "branch", "path", "bootstrap", "credential", "decryption", "flux"];
    for (const key of asked)
      expect(lines(again).filter((line) => line.startsWith(`${key}=`))).toEqual(
        lines(first).filter((line) => line.startsWith(`${key}=`)),
      );
    expect(config(again)).toMatchObject({ server: "https://10.30.0.10:6443" });
    expect(config(again)).not.toHaveProperty("cluster-init");
  });

  it("finds its credential in user data where nobody hands it over, also when server 1 joins", () => {
    const metadata = { namespace: "flux-system", name: "flux-bootstrap" };
    const given = [{ metadata, type: "Opaque", stringData: { identity: "OWN KEY" } }];
    for (const plan of [first, again]) {
      if (plan.secrets.kind === "agent") throw new Error("server 1 is an agent");
      const unreached = { ...plan, secrets: { ...plan.secrets, given } };
      expect(settings(unreached)).toMatch(/^phases=.* start ready credential cloud flux scrub$/m);
      expect(content(unreached, "/etc/k3s-stages/credential.json")).toContain("OWN KEY");
    }
  });

  it("uses a key for ssh and a token for https", () => {
    const https = { "Pulumi.yaml": { "repository.url": "https://github.com/acme/gitops" } };
    expect(settings(first)).toMatch(/^credential=key$/m);
    expect(settings(planOf("prod", "server-1", https))).toMatch(/^credential=token$/m);
  });

  it("waits for no age key where nothing is encrypted", () => {
    const plain = { "Pulumi.yaml": { "repository.decryption": null } };
    expect(settings(first)).toMatch(/^decryption=sops-age$/m);
    expect(settings(planOf("prod", "server-1", plain))).toMatch(/^decryption=$/m);
  });
});

describe("user data that is too large", () => {
  it("is refused with the size of each file and none of their content (F9)", () => {
    const noise = `KKKK${randomBytes(30_000).toString("base64")}`;
    const secrets = { kind: "first" as const, ...material, serverFiles: { "server-ca.key": noise } };
    const attempt = () => userData({ ...first, secrets }, nodeScripts());
    expect(attempt).toThrow(ConfigError);
    expect(attempt).toThrow(
      /has \d+ bytes packed, Hetzner takes 32768.*\n {2}4\d{4} \/etc\/k3s-stages\/tls\/server-ca.key\n/,
    );
    expect(attempt).not.toThrow(/KKKK/);
  });
});

it("at Hetzner's limit passes, and just above it is refused (F9)", () => {
  const noise = createHash("shake256", { outputLength: 30_000 }).update("noise").digest("base64");
  /** Its size, or the words of the refusal. */
  const made = (length: number) => {
    const files = { "server-ca.key": noise.slice(0, length) };
    const secrets = { kind: "first" as const, ...material, serverFiles: files };
    try {
      return userData({ ...first, secrets }, nodeScripts()).length;
    } catch (error) {
      return String(error);
    }
  };
  let [fits, tooLong] = [1, noise.length];
  while (tooLong - fits > 1) {
    const middle = Math.floor((fits + tooLong) / 2);
    if (typeof made(middle) === "number") fits = middle;
    else tooLong = middle;
  }
  // Base64 grows by four.
  expect([32_764, 32_768]).toContain(made(fits));
  expect(made(tooLong)).toMatch(/has 3277[26] bytes packed, Hetzner takes 32768/);
});

describe("the scripts", () => {
  const scripts = readdirSync(folder).filter((name) => name.endsWith(".sh"));

  it.each(scripts)("%s is a program for bash", (name) => {
    const { status, stderr } = spawnSync("bash", ["-n", join(folder, name)], { encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
  });

  it.skipIf(!has("shellcheck"))("have nothing that shellcheck objects to (skipped where it is not installed)", () => {
    const { stdout } = spawnSync("shellcheck", ["-x", ...scripts], { encoding: "utf8", cwd: folder });
    expect(stdout).toBe("");
  });
});

describe.skipIf(!has("cloud-init"))("cloud-init (skipped where it is not installed)", () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "user-data-"));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it.each(all)("finds the user data of %s valid", (_, plan) => {
    const file = join(directory, "user-data");
    writeFileSync(file, textOf(plan));
    const { status, stdout, stderr } = spawnSync("cloud-init", ["schema", "--config-file", file], { encoding: "utf8" });
    expect([status, stdout, stderr]).toEqual([0, expect.stringContaining("Valid"), ""]);
  });
});
