/** What a cluster still lacks until its stage works, from the objects that its API gave. */

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

/** The part of any Kubernetes object that is looked at here. */
export interface KubeObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly generation?: number;
    readonly annotations?: { readonly [key: string]: string };
  };
  readonly spec?: { readonly taints?: readonly { readonly key: string }[] };
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly observedGeneration?: number;
    readonly lastAppliedRevision?: string;
    readonly nodeInfo?: { readonly kubeletVersion: string };
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } };
    }[];
  };
  readonly data?: { readonly [key: string]: string };
}

/** `undefined` where the API does not know the kind yet. */
export interface Snapshot {
  readonly nodes: readonly KubeObject[];
  /** kube-system/k3s-stages-status: what each server's bootstrap says of itself. */
  readonly report: KubeObject | undefined;
  /** Pods of Flux's own controllers. */
  readonly pods: readonly KubeObject[];
  readonly source: KubeObject | undefined;
  readonly kustomizations: readonly KubeObject[] | undefined;
  readonly policies: readonly KubeObject[] | undefined;
}

export interface Expected {
  readonly nodes: readonly string[];
  /** `v1.36.2+k3s1`; a node that runs another is told of, because an upgrade may be on its way. */
  readonly version: string;
  /** Whether a cloud controller has to take its taint off each node. */
  readonly initialized: boolean;
  /** Names of the Flux Kustomizations in flux-system. */
  readonly kustomizations: readonly string[];
  /** Whether a commit holds the tree, as far as that is known. */
  readonly holds: (commit: string) => boolean;
}

export interface Lack {
  readonly seen: string;
  readonly wayOut: string;
}

const uninitialized = "node.cloudprovider.kubernetes.io/uninitialized";

const nameOf = ({ metadata }: KubeObject): string => metadata.name;
const ready = ({ status }: KubeObject): Condition | undefined =>
  status?.conditions?.find(({ type }) => type === "Ready");

const clause = (message: string): string => message.replaceAll(/\s+/g, " ").trim().slice(0, 300);

interface NodeReport {
  readonly phase?: string;
  readonly state?: string;
  readonly attempt?: number;
  readonly error?: string;
}

/** In the node's own words: `phase fetch, attempt 3: curl: (22) …`. An agent may write to its own Node alone (node/bootstrap.sh). */
function reported({ report, nodes }: Snapshot, name: string): string {
  const node = nodes.find((each) => nameOf(each) === name);
  const text = report?.data?.[name] ?? node?.metadata.annotations?.["k3s-stages/status"];
  if (text === undefined) return "";
  try {
    const { phase, state, attempt = 0, error = "" } = JSON.parse(text) as NodeReport;
    if (state === "done") return "";
    return ` [phase ${phase}, ${state}, attempt ${attempt}${error ? `: ${clause(error)}` : ""}]`;
  } catch {
    return "";
  }
}

const console_ = "The node's console in the Hetzner console shows its bootstrap.";

function nodeLack(name: string, snapshot: Snapshot, { initialized }: Expected): Lack | undefined {
  const said = reported(snapshot, name);
  const node = snapshot.nodes.find((each) => nameOf(each) === name);
  if (!node) return { seen: `${name} has not joined${said}`, wayOut: console_ };
  const condition = ready(node);
  if (condition?.status !== "True") {
    const why = clause(condition?.message ?? "its kubelet says nothing");
    return { seen: `${name} is not Ready (${why})${said}`, wayOut: console_ };
  }
  if (!initialized || !node.spec?.taints?.some(({ key }) => key === uninitialized)) return undefined;
  return {
    seen: `${name} has the taint ${uninitialized}`,
    wayOut:
      "The cloud controller manager takes it off: kubectl -n kube-system logs deployment/hcloud-cloud-controller-manager. " +
      "It needs a valid clusterToken (Secret kube-system/hcloud), and node names equal to the servers' names.",
  };
}

/** What keeps Flux's own controllers from running: an image that cannot be pulled, a crash loop. */
function stuckPods({ pods }: Snapshot): string {
  const stuck = pods.flatMap((pod) =>
    (pod.status?.containerStatuses ?? []).flatMap(({ state }) => {
      const { reason = "", message = "" } = state?.waiting ?? {};
      return /BackOff|Err/.test(reason) ? [`${nameOf(pod)}: ${reason}${message ? ` (${clause(message)})` : ""}`] : [];
    }),
  );
  return stuck.length > 0 ? `; ${stuck.join(", ")}` : "";
}

const fluxWayOut = "Look: kubectl -n flux-system get gitrepositories,kustomizations,pods.";

function sourceLack({ source }: Snapshot): Lack | undefined {
  const condition = source && ready(source);
  if (condition?.status !== "False") return undefined;
  return {
    seen: `Flux cannot fetch the repository: ${clause(condition.message ?? "")}`,
    wayOut: "Does the host know the stage's deploy key (output deployKey), and is its host key pinned?",
  };
}

/** The commit in `main@sha1:<commit>`. */
export const commitOf = (revision: string): string => revision.split(":").at(-1) ?? "";

const applied = ({ status }: KubeObject): string => commitOf(status?.lastAppliedRevision ?? "");

function syncLack(name: string, { kustomizations = [] }: Snapshot, { holds }: Expected): string | undefined {
  const found = kustomizations.find((each) => nameOf(each) === name && each.metadata.namespace === "flux-system");
  if (!found) return `${name} is not there yet`;
  const condition = ready(found);
  const isCurrent = found.status?.observedGeneration === found.metadata.generation;
  if (condition?.status === "True" && isCurrent && holds(applied(found))) return undefined;
  if (condition?.status === "False") return `${name}: ${clause(condition.message ?? condition.reason ?? "")}`;
  return applied(found) === "" ? `${name} was not applied yet` : `${name} is at ${applied(found).slice(0, 7)}`;
}

/** The first thing of its own cause: what merely waits for another is left out. */
const isEcho = (seen: string): boolean =>
  /: dependency .* (is )?not ready/.test(seen) || / is not there yet$/.test(seen);

function fluxLack(snapshot: Snapshot, expected: Expected, first: string): Lack | undefined {
  const stuck = stuckPods(snapshot);
  if (snapshot.kustomizations === undefined) {
    const seen = `Flux is not installed${reported(snapshot, first)}${stuck}`;
    return { seen, wayOut: `${console_} flux bootstrap waits for the Secret flux-system/flux-bootstrap.` };
  }
  const lacks = expected.kustomizations.flatMap((name) => syncLack(name, snapshot, expected) ?? []);
  if (lacks.length === 0) return undefined;
  const source = sourceLack(snapshot);
  if (source) return { ...source, seen: source.seen + stuck };
  const causes = lacks.filter((seen) => !isEcho(seen));
  const shown = (causes.length > 0 ? causes : lacks).slice(0, 3).join("; ");
  const seen = `${lacks.length} of ${expected.kustomizations.length} Kustomizations are not ready: ${shown}${stuck}`;
  return { seen, wayOut: fluxWayOut };
}

/** What is waited for next, nodes first; `undefined` once the stage works. */
export function stageLack(snapshot: Snapshot, expected: Expected): Lack | undefined {
  const lacks = expected.nodes.flatMap((name) => nodeLack(name, snapshot, expected) ?? []);
  const [first] = lacks;
  if (!first) return fluxLack(snapshot, expected, expected.nodes[0] ?? "");
  const ok = expected.nodes.length - lacks.length;
  return {
    ...first,
    seen: `${ok} of ${expected.nodes.length} nodes are ready: ${lacks.map(({ seen }) => seen).join("; ")}`,
  };
}

/** What does not keep a stage from working, and that somebody should know. */
export function stageWarnings({ nodes, policies = [] }: Snapshot, { version }: Expected): readonly string[] {
  const waiting = policies.filter((policy) => ready(policy)?.status !== "True");
  const others = nodes.filter(({ status }) => (status?.nodeInfo?.kubeletVersion ?? version) !== version);
  return [
    ...waiting.map((policy) => {
      const { name, namespace } = policy.metadata;
      return `the policy ${namespace}/${name} selects no tag yet: ${clause(ready(policy)?.message ?? "not looked at")}`;
    }),
    ...others.map((node) => `${nameOf(node)} runs ${node.status?.nodeInfo?.kubeletVersion}, pinned is ${version}`),
  ];
}
