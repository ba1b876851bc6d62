import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseCloudConfig } from "../sandbox/node/cloud-config.ts";
import { boot, bootable, mirror } from "./cloud-init.ts";
import { type FakeNode, makeReleases } from "./fake-node.ts";
import { pins, planOf, userDataOf } from "./node-plan.ts";

const suite = describe.skipIf(!bootable);

suite("a first boot by cloud-init itself, in a throw-away root (skipped without root or a tool of Linux)", () => {
  const releases = makeReleases(pins);
  const plan = { ...planOf("prod", "server-1", { "Pulumi.prod.yaml": mirror }), pins: releases.pins };
  let node: FakeNode;
  let disk: string;
  const kept = (path: string) => join(disk, path);

  beforeAll(() => {
    ({ node, disk } = boot(plan, releases.folder));
  }, 300_000);
  afterAll(() => {
    node.remove();
    rmSync(releases.folder, { recursive: true });
  });

  it("takes the packed user data apart and writes every file of it, with its mode, and never again", () => {
    // What was changed between the two boots is as it was changed: the second one writes nothing back.
    const sinceThen = (path: string, content: string) =>
      path === "/etc/rancher/k3s/config.yaml" ? content.replace(/^token: .*$/m, "token: changed") : content;
    const gone = /^\/etc\/k3s-stages\/tls\//;
    for (const { path, permissions, content } of parseCloudConfig(userDataOf(plan)).files) {
      if (gone.test(path)) continue;
      expect(readFileSync(kept(path), "utf8")).toBe(sinceThen(path, content));
      expect([path, (statSync(kept(path)).mode & 0o777).toString(8).padStart(4, "0")]).toEqual([path, permissions]);
    }
  });

  it("starts one unit, and that once in the node's life", () => {
    expect(node.get("first-boot")).toBe("systemctl enable --now --no-block k3s-stages.service");
    expect(node.get("calls").match(/k3s-stages\.service/g)).toHaveLength(1);
  });

  it("then installs from the mirror over TLS, and gets to its end", () => {
    expect(JSON.parse(node.get("status.json"))).toMatchObject({ phase: "done", state: "done", error: "" });
    for (const tool of ["k3s", "helm", "k9s", "flux"]) expect(existsSync(kept(`usr/local/bin/${tool}`))).toBe(true);
    expect(existsSync(kept("var/lib/rancher/k3s/server/tls/server-ca.key"))).toBe(true);
    expect(existsSync(kept("etc/k3s-stages/tls"))).toBe(false);
    expect(node.get("flux-key")).toBe("KEY");
  });

  it("leaves no copy of its secrets with cloud-init, after the next boot either (F64)", () => {
    expect(node.get("copies-before")).toContain("/var/lib/cloud/instances/4711/obj.pkl");
    expect(node.get("copies-before")).toContain("user-data.txt");
    expect([node.get("copies-after"), node.get("copies-of-second-boot")]).toEqual(["", ""]);
  });
});
