import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodeScripts } from "../stacks/cluster/node-scripts.ts";

const has = (tool: string) => spawnSync("sh", ["-c", `command -v ${tool}`]).status === 0;
const tools = ["unshare", "nsenter", "ip", "nft", "ip6tables", "setpriv", "python3", "curl"];

/** Namespaces need root, which GitHub's runners can become. */
const root = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
const able = process.platform === "linux" && tools.every(has);
const permitted = able && spawnSync(root[0] ?? "true", root.length > 0 ? ["-n", "true"] : []).status === 0;

const suite = describe.skipIf(!permitted && process.env["CI"] !== "true");

suite("the metadata service, in network namespaces of the real kernel (skipped without root, nft or iptables)", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "metadata-"));
    const library = join(folder, "usr/local/lib/k3s-stages");
    mkdirSync(library, { recursive: true });
    for (const name of ["node.sh", "metadata.sh"])
      writeFileSync(join(library, name), nodeScripts()[name] ?? "", { mode: 0o755 });
    mkdirSync(join(folder, "without-nft"));
    for (const tool of ["iptables", "ip6tables", "ip", "sysctl"]) {
      const { stdout } = spawnSync("sh", ["-c", `PATH=$PATH:/usr/sbin:/sbin command -v ${tool}`], { encoding: "utf8" });
      symlinkSync(stdout.trim(), join(folder, "without-nft", tool));
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** What the network says before and after the script ran once, and twice. */
  function network(path: string): readonly string[] {
    const script = join(folder, "usr/local/lib/k3s-stages/metadata.sh");
    const inside = [join(import.meta.dirname, "metadata-network.sh"), script];
    const command = [...root, "env", `PATH=${path}`, `K3S_STAGES_ROOT=${folder}`, "unshare", "--net", ...inside];
    const [program = "", ...rest] = command;
    const { status, stdout, stderr } = spawnSync(program, rest, { encoding: "utf8", timeout: 60_000 });
    expect([status, stderr]).toEqual([0, ""]);
    return stdout.trim().split("\n");
  }

  const open = "root yes root6 yes user yes user6 yes pod yes elsewhere yes yes";
  const closed = "root yes root6 yes user no user6 no pod no elsewhere yes yes";

  it("is closed to pods and to all but root by nft, over IPv4 and IPv6, and nothing else is (F64)", () => {
    const everything = `${process.env["PATH"]}:/usr/sbin:/sbin`;
    expect(network(everything)).toEqual([open, closed, closed]);
  }, 60_000);

  it("is closed as tightly by iptables, where the image has no nft (F64)", () => {
    expect(network(`${join(folder, "without-nft")}:/usr/bin:/bin`)).toEqual([open, closed, closed]);
  }, 60_000);
});
