import { yamlText } from "../yaml/write.ts";
import { apiServerFiles } from "./api-server.ts";
import { cloudCharts } from "./cloud-provider.ts";
import { k3sConfig, kernelSettings } from "./k3s-config.ts";
import { type NodePlan, nodeArtefacts, nodePhases, nodeSettings } from "./node-settings.ts";
import type { Role } from "./plan/machine.ts";

/** Text of the files in `node/`, by name. */
export interface NodeScripts {
  readonly [name: string]: string;
}

/** A file of a node as cloud-init writes it. */
export interface NodeFile {
  readonly path: string;
  readonly permissions: string;
  readonly content: string;
}

export const library = "/usr/local/lib/k3s-stages";
const units = "/etc/systemd/system";

const file =
  (permissions: string) =>
  (path: string, content: string): NodeFile => ({ path, permissions, content });

const secret = file("0600");
const open = file("0644");
const program = file("0755");

/** As k3s-io/k3s install.sh writes it, and never before the metadata service is closed. */
const k3sUnit = (role: Role): string => `[Unit]
Description=Lightweight Kubernetes
Wants=network-online.target
Requires=k3s-stages-metadata.service
After=network-online.target k3s-stages-metadata.service

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

/** Beside the place that k3s takes them from: a node that has authorities already keeps those (node/config.sh). */
function authorities({ secrets }: NodePlan): readonly NodeFile[] {
  if (secrets.kind !== "first") return [];
  return Object.entries(secrets.serverFiles)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, content]) => secret(`/etc/k3s-stages/tls/${path}`, content));
}

/** With its namespace, as one JSON text that kubectl applies. */
function credential({ secrets }: NodePlan): readonly NodeFile[] {
  if (secrets.kind === "agent" || !secrets.given) return [];
  const items = [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "flux-system" } },
    ...secrets.given.map((each) => ({ apiVersion: "v1", kind: "Secret", ...each })),
  ];
  return [secret("/etc/k3s-stages/credential.json", JSON.stringify({ apiVersion: "v1", kind: "List", items }))];
}

/** Of no use for anybody after a day. */
const snapshot = ({ secrets }: NodePlan): readonly NodeFile[] =>
  secrets.kind === "first" && secrets.snapshot ? [secret("/etc/k3s-stages/snapshot", secrets.snapshot)] : [];

function apiServer({ node }: NodePlan): readonly NodeFile[] {
  if (node.role === "agent") return [];
  return Object.entries(apiServerFiles).map(([path, object]) => secret(path, yamlText(object)));
}

/**
 * Where nobody reaches the API to hand them over, and of the first server alone: k3s applies what lies here again at each of
 * its starts, over what anybody else wrote, so a file has the last word for ever.
 */
function charts({ node, stage }: NodePlan): readonly NodeFile[] {
  if (node.join !== undefined || stage.cluster.access === "direct") return [];
  return cloudCharts(stage.cluster).map((chart) =>
    secret(`/var/lib/rancher/k3s/server/manifests/${chart.metadata.name}.yaml`, yamlText(chart)),
  );
}

/** Every file that user data writes. */
export function nodeFiles(plan: NodePlan, scripts: NodeScripts): readonly NodeFile[] {
  const { role } = plan.node;
  const k3s = role === "server" ? "k3s" : "k3s-agent";
  const programs = ["bootstrap", "metadata", ...nodePhases(plan)];
  return [
    secret("/etc/rancher/k3s/config.yaml", yamlText(k3sConfig(plan))),
    ...apiServer(plan),
    secret("/etc/k3s-stages/node.env", nodeSettings(plan)),
    secret("/etc/k3s-stages/artefacts", nodeArtefacts(plan)),
    ...authorities(plan),
    ...credential(plan),
    ...snapshot(plan),
    ...charts(plan),
    open("/etc/sysctl.d/90-k3s-stages.conf", kernelSettings),
    open(`${units}/${k3s}.service`, k3sUnit(role)),
    open(`${units}/k3s-stages.service`, script(scripts, "bootstrap.service")),
    open(`${units}/k3s-stages-metadata.service`, script(scripts, "metadata.service")),
    open(`${library}/node.sh`, script(scripts, "node.sh")),
    ...programs.map((name) => program(`${library}/${name}`, script(scripts, `${name}.sh`))),
  ];
}
