import { gzipSync } from "node:zlib";
import { stringify } from "yaml";
import { ConfigError } from "../config/error.ts";
import { apiServerFiles } from "./api-server.ts";
import {
  k3sConfig,
  type NodePlan,
  type NodeSecrets,
  nodeArtefacts,
  nodePhases,
  nodeSettings,
} from "./node-settings.ts";
import type { Role } from "./topology.ts";

/** Text of the files in `node/`, by name. */
export interface NodeScripts {
  readonly [name: string]: string;
}

interface File {
  readonly path: string;
  readonly permissions: string;
  readonly content: string;
}

/** Hetzner refuses more: "user_data => Length must be between 0 and 32768". */
export const userDataLimit = 32_768;

export const library = "/usr/local/lib/k3s-stages";
const secret = "0600";
const program = "0755";

/** As k3s-io/k3s install.sh writes it. */
const k3sUnit = (role: Role): string => `[Unit]
Description=Lightweight Kubernetes
Wants=network-online.target
After=network-online.target

[Service]
Type=${role === "server" ? "notify" : "exec"}
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/usr/local/bin/k3s ${role}
KillMode=process
Delegate=yes
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5s

[Install]
WantedBy=multi-user.target
`;

/** Without its comments, which are for readers of this repository: every byte counts towards Hetzner's limit. */
export function script(scripts: NodeScripts, name: string): string {
  const text = scripts[name];
  if (text === undefined) throw new Error(`stacks/cluster/node has no ${name}`);
  return text.replaceAll(/^ *#(?!!).*\n/gm, "").replaceAll(/\n{2,}/g, "\n");
}

function authorities({ secrets }: NodePlan): readonly File[] {
  if (secrets.kind !== "first") return [];
  return Object.entries(secrets.serverFiles)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, content]) => ({ path: `/var/lib/rancher/k3s/server/tls/${path}`, permissions: secret, content }));
}

function apiServer({ node }: NodePlan): readonly File[] {
  if (node.role === "agent") return [];
  const all = Object.entries(apiServerFiles);
  return all.map(([path, object]) => ({ path, permissions: secret, content: yaml(object) }));
}

/** Indented by one, since nearly all of it is text below one key. */
const yaml = (value: object): string => stringify(value, { lineWidth: 0, indent: 1, indentSeq: false });

function files(plan: NodePlan, scripts: NodeScripts): readonly File[] {
  const { role } = plan.node;
  const unit = role === "server" ? "k3s" : "k3s-agent";
  const programs = ["bootstrap", ...nodePhases(plan.secrets)];
  const units = "/etc/systemd/system";
  return [
    { path: "/etc/rancher/k3s/config.yaml", permissions: secret, content: yaml(k3sConfig(plan)) },
    { path: "/etc/k3s-stages/node.env", permissions: secret, content: nodeSettings(plan) },
    { path: "/etc/k3s-stages/artefacts", permissions: secret, content: nodeArtefacts(plan) },
    ...apiServer(plan),
    ...authorities(plan),
    { path: `${units}/${unit}.service`, permissions: "0644", content: k3sUnit(role) },
    { path: `${units}/k3s-stages.service`, permissions: "0644", content: script(scripts, "bootstrap.service") },
    { path: `${library}/node.sh`, permissions: "0644", content: script(scripts, "node.sh") },
    ...programs.map((name) => ({
      path: `${library}/${name}`,
      permissions: program,
      content: script(scripts, `${name}.sh`),
    })),
  ];
}

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
function refuseTooLarge(size: number, all: readonly File[]): void {
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
  const all = files(plan, scripts);
  const document = {
    write_files: all,
    runcmd: [["systemctl", "enable", "--now", "--no-block", "k3s-stages.service"]],
  };
  const text = packed(`#cloud-config\n${yaml(document)}`);
  refuseTooLarge(text.length, all);
  return text;
}

const anyToken = (user: string): string => `K10${"0".repeat(64)}::${user}:`;

/** The same kind of secrets with nothing in them. */
function noSecrets({ role, join }: NodePlan["node"]): NodeSecrets {
  const [serverToken, agentToken] = [anyToken("server"), anyToken("node")];
  if (role === "agent") return { kind: "agent", agentToken };
  return join
    ? { kind: "server", serverToken, agentToken }
    : { kind: "first", serverToken, agentToken, serverFiles: {} };
}

/** Everything in user data but the cluster's secrets and addresses that Hetzner gives: it changes with the program, the pins and the configuration. */
export function openUserData(plan: Omit<NodePlan, "secrets" | "apiAddress">, scripts: NodeScripts): string {
  return userData({ ...plan, apiAddress: "", secrets: noSecrets(plan.node) }, scripts);
}
