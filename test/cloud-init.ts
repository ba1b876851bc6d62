/** A first boot by the real cloud-init, in a throw-away root; what it left on the disk is kept. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NodePlan } from "../stacks/cluster/node-settings.ts";
import { FakeNode } from "./fake-node.ts";
import { userDataOf } from "./node-plan.ts";

const has = (tool: string) => spawnSync("sh", ["-c", `command -v ${tool}`]).status === 0;
const tools = ["cloud-init", "unshare", "ip", "nft", "python3", "curl", "openssl"];

/** Mounts and namespaces need root, which GitHub's runners can become. */
const root = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
const permitted = root.length === 0 || spawnSync("sudo", ["-n", "true"]).status === 0;

/** Whether this machine can; on CI it has to. */
export const bootable = (process.platform === "linux" && tools.every(has) && permitted) || process.env["CI"] === "true";

/** With a mirror, which is the only host that such a root reaches. */
export const mirror = { "cluster.mirror": "https://mirror.example.com" };

export interface Booted {
  readonly node: FakeNode;
  /** Where the disk's files are kept. */
  readonly disk: string;
}

/** @throws Error with the logs of cloud-init and of the bootstrap unit */
export function boot(plan: NodePlan, releases: string): Booted {
  const node = new FakeNode(plan, releases);
  // Without a line's end, which Hetzner's data source takes for no base64.
  writeFileSync(join(node.world, "user-data"), userDataOf(plan));
  node.set("address", plan.node.address);
  node.set("calls", "");
  const script = join(import.meta.dirname, "cloud-init-boot.sh");
  const [program = "", ...rest] = [...root, "unshare", "--mount", "--net", "--pid", "--uts", "--fork", script];
  const { status, stderr } = spawnSync(program, [...rest, node.world], { encoding: "utf8", timeout: 280_000 });
  if (status !== 0) throw new Error(stderr + node.get("cloud-init.log") + node.get("bootstrap.log"));
  return { node, disk: join(node.world, "root") };
}
