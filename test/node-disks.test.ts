/** A node's disks that take nothing more, as the kernel has them: full, and read-only. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { FakeNode } from "./fake-node.ts";
import { fakeNodes } from "./fake-nodes.ts";
import { planOf } from "./node-plan.ts";

/** A mount needs root, which GitHub's runners can become; the unit itself runs as who runs the tests. */
const root = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
const mountable =
  process.platform === "linux" && spawnSync("env", [...root, "unshare", "--mount", "true"]).status === 0;
const suite = describe.skipIf(!mountable && process.env["CI"] !== "true");
const user = `--reuid=${process.getuid?.()} --regid=${process.getgid?.()} --clear-groups`;

const { nodeOf } = fakeNodes();
let node: FakeNode;

const bin = () => join(node.root, "usr/local/bin");
const state = () => join(node.root, "var/lib/k3s-stages");

/** A program that was there before, so that it shows whether it stays whole. */
function agent(): void {
  node = nodeOf(planOf("prod", "web-1")).only("fetch");
  node.set("speed", 400);
  for (const folder of [bin(), state()]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(bin(), "k3s"), "as it was\n");
}

/** The unit's run, with a folder mounted otherwise; what lies in its folder for programs afterwards is printed last. */
function runWith(mount: string) {
  const look = 'code=0; "$@" || code=$?; ls -A "$BIN"; cat "$BIN/k3s"; exit $code';
  const shell = `set -e; export BIN='${bin()}' STATE='${state()}'; ${mount}; exec setpriv ${user} sh -c '${look}' "$@"`;
  return node.run((variables) => [...root, "env", ...variables, "unshare", "--mount", "sh", "-c", shell, "sh", "sh"]);
}

suite("a disk of the kernel's (skipped where no file system can be mounted)", () => {
  it("that is read-only for programs ends the run in its words; the old program stays, a later run installs (F54)", () => {
    agent();
    const { code, output } = runWith('mount --bind "$BIN" "$BIN"; mount -o remount,ro,bind "$BIN"');
    expect(code).not.toBe(0);
    expect(output).toContain("fetch: gave up after");
    expect(node.status()).toMatchObject({
      phase: "fetch",
      state: "failed",
      error: expect.stringMatching(/Read-only file system$/),
    });
    expect([readdirSync(bin()), readFileSync(join(bin(), "k3s"), "utf8")]).toEqual([["k3s"], "as it was\n"]);
    expect(node.run().code).toBe(0);
    expect(readFileSync(join(bin(), "k3s"), "utf8")).toContain("# k3s for amd64");
  });

  it("that is read-only where the node's own state lies ends the run in its words (F54)", () => {
    agent();
    expect(runWith('mount --bind "$STATE" "$STATE"; mount -o remount,ro,bind "$STATE"').code).not.toBe(0);
    expect(node.status()).toMatchObject({ phase: "fetch", error: expect.stringMatching(/Read-only file system$/) });
    expect(readFileSync(join(bin(), "k3s"), "utf8")).toBe("as it was\n");
  });

  it.each(["BIN", "STATE"])("that is full at $%s leaves no part of a program under its name (F54)", (folder) => {
    agent();
    const kept = folder === "BIN" ? '; echo "as it was" >"$BIN/k3s"' : "";
    const { code, output } = runWith(`mount -t tmpfs -o size=4k,mode=777 full "$${folder}"${kept}`);
    expect(code).not.toBe(0);
    expect(node.status()).toMatchObject({
      phase: "fetch",
      error: expect.stringMatching(/No space left on device$|\(22\)/),
    });
    expect(output).toContain("k3s\nas it was\n");
  });
});
