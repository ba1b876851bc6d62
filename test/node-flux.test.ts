/** How a first server calls `flux bootstrap`, and what it makes of its end. flux and kubectl are stand-ins (test/fake-node.sh). */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { FakeNode } from "./fake-node.ts";
import { fakeNodes, suite } from "./fake-nodes.ts";
import { material, pins, planOf } from "./node-plan.ts";

const { lasting, nodeOf } = fakeNodes();
const first = planOf("prod", "server-1");
/** Server 1 of several that is made again: it joins the others. */
const again = planOf("prod", "server-1", { "Pulumi.prod.yaml": { "cluster.servers.generations": { "1": 2 } } });
const credential = (node: FakeNode) => join(node.root, "run/k3s-stages/credential");

/** One that got to its end once; the tests that only look at it share it. */
let installed: FakeNode;
beforeAll(() => {
  if (process.platform !== "linux") return;
  installed = lasting(first);
  expect(installed.run().code).toBe(0);
});
afterAll(() => installed?.remove());

suite("flux bootstrap", () => {
  it("is called as the seed has it, pinned and without a question (rules 1, 29, 35, 37)", () => {
    expect(installed.get("flux-arguments").split(" ")).toEqual([
      "bootstrap",
      "git",
      "--branch=main",
      "--path=clusters/production",
      `--version=v${pins.flux.version}`,
      "--components-extra=image-reflector-controller,image-automation-controller",
      "--timeout=3m",
      expect.stringMatching(/^--private-key-file=.*\/credential\/identity$/),
      "--url=ssh://git@github.com/acme/gitops",
      "--silent",
    ]);
    expect(installed.get("flux-key")).toBe("KEY");
  });

  it("waits for its credential and for the age key (rule 35)", () => {
    const node = nodeOf(first).only("flux");
    node.set("late/flux-bootstrap", 2);
    node.set("late/sops-age", 3);
    expect(node.run().code).toBe(0);
    expect(node.calls("flux")).toHaveLength(1);
    expect(node.calls("sleep")).toHaveLength(5);
  });

  it("gives up on a Secret that never comes, and says which", () => {
    const node = nodeOf(first).only("flux");
    node.set("late/sops-age", 1000);
    node.set("speed", 2000);
    expect(node.run().code).not.toBe(0);
    const error = "waiting for the Secret flux-system/sops-age";
    expect(node.status()).toMatchObject({ phase: "flux", state: "failed", error });
    expect(node.calls("flux")).toEqual([]);
  });

  it("that loses the race to another stage twice is tried again (rule 35)", () => {
    const node = nodeOf(first).only("flux");
    node.set("late/flux", 2);
    const { code, output } = node.run();
    expect(code).toBe(0);
    const words = "failed to push: non-fast-forward update";
    expect(output).toContain(`flux bootstrap: another commit came first, it tries again: ${words}`);
    expect(node.calls("flux")).toHaveLength(3);
  });

  it("that hangs until the phase's deadline leaves the last reason in the status, and not its shell's word", () => {
    const node = nodeOf(first).only("flux");
    node.set("late/flux", 1);
    node.set("hangs", "yes");
    node.set("speed", 4000);
    node.run();
    expect(node.calls("flux")).toHaveLength(2);
    expect(node.status()).toMatchObject({ state: "failed", error: expect.stringContaining("non-fast-forward update") });
  });

  it("comes after the node is Ready, and is over when the source and the Kustomization are (rule 35)", () => {
    const calls = installed.get("calls").split("\n");
    const at = (start: string) => calls.findIndex((call) => call.startsWith(start));
    expect(at("kubectl get node")).toBeGreaterThan(-1);
    expect(at("kubectl get node")).toBeLessThan(at("flux bootstrap"));
    const asked = installed.calls("kubectl").filter((call) => !call.includes("apply --server-side"));
    expect(asked.at(-1)).toMatch(
      / wait --for=condition=Ready gitrepositories\S+\/flux-system kustomizations\S+\/flux-system --timeout=5m$/,
    );
  });

  it("that fails on a cluster which is healthy has succeeded (rule 35)", () => {
    const node = nodeOf(first).only("flux");
    node.set("late/verdict", 1);
    expect(node.run().code).toBe(0);
    expect([node.calls("flux").length, node.calls("sleep").length]).toEqual([1, 0]);
  });

  it("leaves no credential on the node, whether it succeeds or not (rule 37)", () => {
    const node = nodeOf(first).only("flux");
    node.set("late/flux", 1000);
    node.set("speed", 2000);
    node.run();
    expect(existsSync(credential(node))).toBe(false);
    node.set("late/flux", 0);
    node.run();
    expect(existsSync(credential(node))).toBe(false);
  });

  it("is followed by the host keys that came with the credential, in place of those it was shown", () => {
    const [, patch = ""] = installed.get("patched").split("--patch=");
    const { known_hosts } = JSON.parse(patch).data;
    expect(Buffer.from(known_hosts, "base64").toString()).toBe("github.com ssh-ed25519 AAAA\n");
  });

  it("gets a token by environment, where no other process reads it", () => {
    const node = nodeOf({ ...first, repository: { ...first.repository, url: "https://github.com/acme/gitops" } }).only(
      "flux",
    );
    node.putSecret("flux-bootstrap", { username: "bot", password: "hunter2" });
    expect(node.run().code).toBe(0);
    expect(node.get("flux-arguments")).toMatch(/ --token-auth --username=bot --url=\S+ --silent$/);
    expect(node.get("flux-password")).toBe("hunter2");
    expect(node.get("flux-arguments")).not.toContain("hunter2");
  });

  it.each([
    [true, "--personal=true"],
    [false, "--personal=false"],
  ])("asks GitHub as the seed has it, with the token by environment (personal: %s)", (personal, flag) => {
    const github = { kind: "github", owner: "acme", repository: "gitops", personal } as const;
    const repository = { ...first.repository, url: "https://github.com/acme/gitops", bootstrap: github };
    const node = nodeOf({ ...first, repository }).only("flux");
    node.putSecret("flux-bootstrap", { username: "git", password: "hunter2" });
    expect(node.run().code).toBe(0);
    const [command, ...flags] = node.get("flux-arguments").replace("bootstrap ", "").split(" ");
    expect([command, flags.slice(-4)]).toEqual([
      "github",
      ["--token-auth", "--owner=acme", "--repository=gitops", flag],
    ]);
    expect([node.get("flux-token"), node.get("flux-arguments")]).toEqual([
      "hunter2",
      expect.not.stringContaining("hunter2"),
    ]);
  });

  it("finds the credential that came with user data where nobody hands it over, and leaves it nowhere", () => {
    const metadata = { namespace: "flux-system", name: "flux-bootstrap" };
    const given = [{ metadata, type: "Opaque", stringData: { identity: "OWN KEY\n" } }];
    const secrets = { ...material, kind: "first" as const, given };
    const node = nodeOf({ ...first, secrets }).only("credential", "flux");
    node.putSecret("flux-bootstrap", {});
    expect(node.run().code).toBe(0);
    expect(node.get("flux-key")).toBe("OWN KEY");
    expect(existsSync(join(node.root, "etc/k3s-stages/credential.json"))).toBe(false);
    expect(node.run().code).toBe(0);
  });

  it("gets its settings as text, whatever they hold (F63)", () => {
    const url = `https://example.com/$(touch pwned)'"\\\`id\`;x=y`;
    const node = nodeOf({ ...first, repository: { ...first.repository, url } }).only("flux");
    node.putSecret("flux-bootstrap", { username: "bot", password: "x" });
    expect(node.run().code).toBe(0);
    expect(node.get("flux-arguments")).toContain(`--url=${url} --silent`);
  });
});

suite("server 1 of several that is made again", () => {
  it("runs flux bootstrap where nobody has: its cluster is older than Flux in it", () => {
    const node = nodeOf(again);
    const run = node.run();
    expect(run.code, run.output).toBe(0);
    const words = (each: FakeNode) => each.get("flux-arguments").replace(each.directory, "");
    expect([words(node), node.get("flux-key")]).toEqual([words(installed), "KEY"]);
    expect(node.status()).toMatchObject({ state: "done" });
  });

  it("runs none and waits for nothing where Flux is, whether that is Ready or not, and whatever Secrets are left (F68)", () => {
    const node = nodeOf(again);
    node.set("flux", "main@sha1:1");
    node.set("late/healthy", 1000);
    for (const name of ["flux-bootstrap", "sops-age"]) rmSync(join(node.world, "secrets", name), { recursive: true });
    const run = node.run();
    expect(run.code, run.output).toBe(0);
    expect([node.calls("flux"), node.calls("sleep"), node.get("patched")]).toEqual([[], [], ""]);
    expect(node.calls("kubectl").join("\n")).not.toContain(" wait ");
  });

  it("does not take an API that does not answer for a cluster without Flux", () => {
    const node = nodeOf(again).only("flux");
    node.set("flux", "main@sha1:1");
    node.set("late/crd", 2);
    expect(node.run().code).toBe(0);
    expect([node.calls("flux"), node.calls("sleep").length]).toEqual([[], 2]);
  });
});
