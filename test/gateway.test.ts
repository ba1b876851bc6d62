import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { gatewayUserData } from "../stacks/cluster/gateway.ts";
import { nodeScripts } from "../stacks/cluster/node-scripts.ts";
import { topology } from "../stacks/cluster/topology.ts";
import { stageOf } from "./node-plan.ts";
import { privately } from "./plans.ts";

interface CloudConfig {
  readonly write_files: readonly { readonly path: string; readonly permissions: string; readonly content: string }[];
  readonly runcmd: readonly (readonly string[])[];
}

const { fleet, stage } = stageOf("prod", { "Pulumi.prod.yaml": privately });
const text = gatewayUserData(topology(fleet, stage), nodeScripts());
const { write_files: files, runcmd } = parse(text) as CloudConfig;
const at = (end: string) => files.find(({ path }) => path.endsWith(end));

describe("a gateway's user data", () => {
  it("is a program, its unit and one command that starts it at every boot", () => {
    expect(text.startsWith("#cloud-config\n")).toBe(true);
    expect(files.map(({ path, permissions }) => [path, permissions])).toEqual([
      ["/usr/local/lib/k3s-stages/gateway", "0755"],
      ["/etc/systemd/system/k3s-stages-gateway.service", "0644"],
    ]);
    expect(runcmd).toEqual([["systemctl", "enable", "--now", "--no-block", "k3s-stages-gateway.service"]]);
    expect(at(".service")?.content).toContain("ExecStart=/usr/local/lib/k3s-stages/gateway 10.30.0.0/16\n");
    expect(at(".service")?.content).toContain("WantedBy=multi-user.target");
  });

  it("has no secret", () => expect(text).not.toMatch(/K10|PRIVATE KEY|token/i));
});

const which = (name: string): string =>
  spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).stdout.trim();

describe.skipIf(which("cloud-init") === "" && process.env["CI"] !== "true")(
  "cloud-init (skipped where it is not installed)",
  () => {
    it("takes the gateway's user data", () => {
      const folder = mkdtempSync(join(tmpdir(), "gateway-"));
      const file = join(folder, "user-data");
      writeFileSync(file, text);
      const { status, stdout, stderr } = spawnSync("cloud-init", ["schema", "--config-file", file], {
        encoding: "utf8",
      });
      rmSync(folder, { recursive: true });
      expect(status, stdout + stderr).toBe(0);
    });
  },
);

/** Stand-ins for the commands that it calls; nft and iptables keep their rules in a file. */
const commands: { readonly [name: string]: string } = {
  ip: 'echo "default via 172.31.1.1 dev eth0 proto dhcp src 203.0.113.9 metric 100"',
  sysctl: 'echo "$*" >>"$WORLD/kernel"',
};
const nft = 'cat >"$WORLD/rules"';
const iptables = `case $4 in
  -C) grep -qxF -- "\${*:5}" "$WORLD/rules" ;;
  -A) echo "\${*:5}" >>"$WORLD/rules" ;;
esac`;

describe.skipIf(process.platform !== "linux")("the gateway's program", () => {
  let world: string;
  const command = (name: string, body: string) => {
    writeFileSync(join(world, name), `#!/usr/bin/env bash\n${body}\n`);
    chmodSync(join(world, name), 0o755);
  };
  beforeEach(() => {
    world = mkdtempSync(join(tmpdir(), "gateway-"));
    writeFileSync(join(world, "rules"), "");
    for (const [name, body] of Object.entries(commands)) command(name, body);
    for (const name of ["awk", "bash", "cat", "env", "grep"]) symlinkSync(which(name), join(world, name));
    writeFileSync(join(world, "gateway"), at("/gateway")?.content ?? "");
  });
  afterEach(() => rmSync(world, { recursive: true }));

  const run = () =>
    spawnSync(join(world, "bash"), [join(world, "gateway"), "10.30.0.0/16"], {
      encoding: "utf8",
      env: { PATH: world, WORLD: world },
    });
  const rules = () => readFileSync(join(world, "rules"), "utf8");

  it("translates what leaves the network by the interface of the default route", () => {
    command("nft", nft);
    expect(run()).toMatchObject({ status: 0, stderr: "" });
    expect(rules()).toContain('ip saddr 10.30.0.0/16 ip daddr != 10.30.0.0/16 oifname "eth0" masquerade');
    expect(readFileSync(join(world, "kernel"), "utf8")).toContain("net.ipv4.ip_forward=1");
  });

  it("does so by iptables where there is no nft, once however often it runs", () => {
    command("iptables", iptables);
    expect([run().stderr, run().stderr]).toEqual(["", ""]);
    expect(rules()).toBe("POSTROUTING -s 10.30.0.0/16 ! -d 10.30.0.0/16 -o eth0 -j MASQUERADE\n");
  });

  it("fails, to be started again, while it has no way out itself", () => {
    command("ip", "true");
    const { status, stderr } = run();
    expect([status, stderr]).toEqual([1, "there is no route to the internet\n"]);
  });
});
