import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
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
const joiner = planOf("prod", "server-2");
const agent = planOf("prod", "web-1");
const all = [
  ["the first server", first],
  ["a further server", joiner],
  ["an agent", agent],
  ["the only server", planOf("dev", "server-1")],
] as const;

/** On CI a missing tool is a failure, elsewhere a reason to skip. */
const has = (tool: string) =>
  process.env["CI"] === "true" || spawnSync(tool, ["--version"], { stdio: "ignore" }).error === undefined;

describe.each(all)("the user data of %s", (_, plan) => {
  it("is a cloud-config in ASCII, packed into half of what Hetzner takes", () => {
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
        path.startsWith("/etc/systemd") || path.endsWith(".sh")
          ? "0644"
          : path.startsWith("/usr/local/lib")
            ? "0755"
            : "0600",
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

  it("leaves the cloud provider to k3s until the controller manager comes with it", () => {
    expect(textOf(plan)).not.toMatch(/cloud-provider|disable-cloud-controller|disable:/);
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

  it("of an agent has the agents' token and nothing of a server", () => {
    expect(config(agent)).toEqual({
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

describe("secrets", () => {
  it("of the authorities are on the first server only, where k3s looks for them", () => {
    const tls = "/var/lib/rancher/k3s/server/tls/";
    const found = paths(first).filter((path) => path.startsWith(tls));
    expect(found).toEqual(
      Object.keys(material.serverFiles)
        .toSorted()
        .map((path) => tls + path),
    );
    for (const [path, pem] of Object.entries(material.serverFiles)) expect(content(first, tls + path)).toBe(pem);
    for (const plan of [joiner, agent]) expect(textOf(plan)).not.toContain("PRIVATE KEY");
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

  it("is k3s, helm, k9s and flux on a server and k3s on an agent, for both architectures, as pinned", () => {
    const row = (tool: "k3s" | "helm" | "k9s" | "flux") => [
      [tool, "amd64", pins[tool].sha256.amd64],
      [tool, "arm64", pins[tool].sha256.arm64],
    ];
    expect(tools(first)).toEqual([...row("k3s"), ...row("helm"), ...row("k9s"), ...row("flux")]);
    expect(tools(agent)).toEqual(row("k3s"));
  });

  it("has a dash where no digest is known, which a node refuses", () => {
    const flux = { ...pins.flux, sha256: { ...pins.flux.sha256, arm64: null } };
    expect(tools({ ...first, pins: { ...pins, flux } })).toContainEqual(["flux", "arm64", "-"]);
  });
});

describe("flux bootstrap", () => {
  const settings = (plan: NodePlan) => content(plan, "/etc/k3s-stages/node.env");

  it("is a phase of the first server alone", () => {
    expect(settings(first)).toMatch(/^phases=preflight private-ip fetch config start ready flux$/m);
    for (const plan of [joiner, agent])
      expect(settings(plan)).toMatch(/^phases=preflight private-ip fetch config join start ready$/m);
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
  it("is refused with the size of each file and none of their content", () => {
    const noise = `KKKK${randomBytes(30_000).toString("base64")}`;
    const secrets = { kind: "first" as const, ...material, serverFiles: { "server-ca.key": noise } };
    const attempt = () => userData({ ...first, secrets }, nodeScripts());
    expect(attempt).toThrow(ConfigError);
    expect(attempt).toThrow(
      /has \d+ bytes packed, Hetzner takes 32768.*\n {2}4\d{4} \/var\/lib\/rancher\/k3s\/server\/tls\/server-ca.key\n/,
    );
    expect(attempt).not.toThrow(/KKKK/);
  });
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
