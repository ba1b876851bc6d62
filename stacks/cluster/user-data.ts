import { gzipSync } from "node:zlib";
import { ConfigError } from "../config/error.ts";
import { yamlText } from "../yaml/write.ts";
import { type NodeFile, type NodeScripts, nodeFiles } from "./node-files.ts";
import type { NodePlan, NodeSecrets } from "./node-settings.ts";

/** Hetzner refuses more: "user_data => Length must be between 0 and 32768". */
export const userDataLimit = 32_768;

/**
 * As base64 of gzip, which Hetzner's data source and cloud-init take apart again (cloudinit/sources/DataSourceHetzner.py,
 * maybe_b64decode; cloudinit/user_data.py). Its header says neither when nor on which system it was made.
 */
function packed(text: string): string {
  const bytes = gzipSync(text, { level: 9 });
  bytes.fill(255, 9, 10);
  return bytes.toString("base64");
}

/** The parts by what each takes alone; together they take less. */
function refuseTooLarge(size: number, all: readonly NodeFile[]): void {
  if (size <= userDataLimit) return;
  const sizes = all.map(({ path, content }) => ({ path, bytes: packed(content).length }));
  const lines = sizes.toSorted((a, b) => b.bytes - a.bytes).map(({ path, bytes }) => `  ${bytes} ${path}`);
  const over = `user data has ${size} bytes packed, Hetzner takes ${userDataLimit}; make what it is made of smaller:`;
  throw new ConfigError([over, ...lines].join("\n"));
}

/**
 * What cloud-init does on a node's first boot: write files, start one unit. It installs nothing itself, because it would
 * neither retry nor go on after a restart. It carries the cluster's own secrets only.
 * @throws ConfigError when it gets larger than Hetzner takes, with the size of each file
 */
export function userData(plan: NodePlan, scripts: NodeScripts): string {
  const all = nodeFiles(plan, scripts);
  const document = {
    write_files: all,
    runcmd: [["systemctl", "enable", "--now", "--no-block", "k3s-stages.service"]],
  };
  const text = packed(`#cloud-config\n${yamlText(document)}`);
  refuseTooLarge(text.length, all);
  return text;
}

const anyToken = (credentials: string): string => `K10${"0".repeat(64)}::${credentials}`;

/** The same kind of secrets with nothing in them. */
function noSecrets({ role, join }: NodePlan["node"]): NodeSecrets {
  if (role === "agent") return { kind: "agent", agentToken: anyToken("agents.") };
  const serverToken = anyToken("server:");
  return join ? { kind: "server", serverToken } : { kind: "first", serverToken, serverFiles: {} };
}

/** Everything in user data but the cluster's secrets and addresses that Hetzner gives: it changes with the program, the pins and the configuration. */
export function openUserData(plan: Omit<NodePlan, "secrets" | "apiAddress">, scripts: NodeScripts): string {
  return userData({ ...plan, apiAddress: "", secrets: noSecrets(plan.node) }, scripts);
}
