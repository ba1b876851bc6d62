/** How another server token reaches the servers that live: by a Secret and one pod after the other, each bound to a server. */
import type { KubeNode } from "./departure.ts";
import { isReady, isServer } from "./departure.ts";
import type { GivenSecret } from "./node-settings.ts";

/** In the cluster from before the first change until after the last: whoever goes on takes the token from it. */
export const tokenSecretName = "k3s-stages-server-token";
export const namespace = "kube-system";

export const tokenSecret = (token: string): GivenSecret => ({
  metadata: { namespace, name: tokenSecretName },
  type: "Opaque",
  stringData: { token },
});

type Step = "prepare" | "rotate" | "switch";

/** What one pod does on one server. */
export interface Turn {
  readonly node: string;
  readonly steps: readonly Step[];
}

/**
 * All are prepared before etcd has the new token, so that each comes up whenever it is started (node/server-token.sh). The first,
 * which asks etcd, is last to start again: until then it is the one that has refused nobody.
 */
export function turns([first = "", ...others]: readonly string[]): readonly Turn[] {
  const each = (steps: readonly Step[]) => others.map((node): Turn => ({ node, steps }));
  return [
    ...each(["prepare"]),
    { node: first, steps: ["prepare", "rotate"] },
    ...each(["switch"]),
    { node: first, steps: ["switch"] },
  ];
}

export const podName = ({ node, steps }: Turn): string => `server-token-${steps.at(-1)}-${node}`;

/** Seconds that one server is given: to fetch an image, and to start k3s twice. */
export const turnLimit = 15 * 60;

/** k3s' own helper of the local path provisioner, for amd64 and arm64 (k3s-io/k3s scripts/airgap/image-list.txt); has nsenter. */
const image = "docker.io/rancher/mirrored-library-busybox:1.37.0";

const mounted = "/run/server-token";

/** The token goes in by standard input, so that no description, argument or environment has it. */
const enter = `exec nsenter -t 1 -m -u -i -n bash -c "$0" server-token "$@" <${mounted}/token`;

/**
 * Bound to its server, so no scheduler has a say. It is root on the machine, in the machine's own namespaces; k3s that starts
 * again leaves its container alone (KillMode=process). In kube-system, where a privileged pod is let in.
 */
export function tokenPod(turn: Turn, script: string): object {
  const container = {
    name: "server-token",
    image,
    command: ["sh", "-c", enter, script, ...turn.steps],
    securityContext: { privileged: true },
    // So that what the script says last is in the pod's status.
    terminationMessagePolicy: "FallbackToLogsOnError",
    volumeMounts: [{ name: "token", mountPath: mounted, readOnly: true }],
  };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace, name: podName(turn), labels: { "app.kubernetes.io/name": "k3s-stages-server-token" } },
    spec: {
      nodeName: turn.node,
      hostPID: true,
      hostNetwork: true,
      restartPolicy: "OnFailure",
      activeDeadlineSeconds: turnLimit,
      terminationGracePeriodSeconds: 5,
      automountServiceAccountToken: false,
      priorityClassName: "system-node-critical",
      tolerations: [{ operator: "Exists" }],
      containers: [container],
      volumes: [{ name: "token", secret: { secretName: tokenSecretName, defaultMode: 0o400 } }],
    },
  };
}

interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly terminated?: { readonly exitCode?: number; readonly message?: string };
}

/** The part of a pod that is looked at. */
export interface TokenPod {
  readonly metadata: { readonly deletionTimestamp?: string };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly containerStatuses?: readonly { readonly state?: ContainerState; readonly lastState?: ContainerState }[];
  };
}

const clause = (text: string): string => text.replaceAll(/\s+/g, " ").trim().slice(-300);

/** What its script said when it failed, or what keeps it from starting. */
function trouble({ status = {} }: TokenPod): string {
  const [{ state = {}, lastState = {} } = {}] = status.containerStatuses ?? [];
  const said = [state.terminated, lastState.terminated].find((each) => each && each.exitCode !== 0)?.message;
  const { reason = "", message = "" } = state.waiting ?? {};
  const waiting = [reason, message].filter(Boolean).join(": ");
  return clause(said || waiting || status.message || status.reason || "");
}

export type PodState = { readonly kind: "done" } | { readonly kind: "failed" | "running"; readonly trouble: string };

export function podState(pod: TokenPod): PodState {
  const phase = pod.status?.phase;
  if (phase === "Succeeded") return { kind: "done" };
  return { kind: phase === "Failed" ? "failed" : "running", trouble: trouble(pod) };
}

/** Those that are told: all that are wanted, and any other that the cluster has, less what is given up by name. */
export function serversOf(nodes: readonly KubeNode[], wanted: readonly string[], skipped: readonly string[]) {
  const others = nodes.filter(isServer).map(({ metadata }) => metadata.name);
  const all = [...new Set([...wanted, ...others])].filter((name) => !skipped.includes(name));
  const ready = new Set(nodes.filter(isReady).map(({ metadata }) => metadata.name));
  return { all, notReady: all.filter((name) => !ready.has(name)) };
}
