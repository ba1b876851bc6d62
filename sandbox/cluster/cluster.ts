/**
 * A STAND-IN for what happens inside a cluster: nodes join, the cloud controller takes its taint off once it has a token,
 * flux bootstrap runs once its Secret is there, and Flux follows the repository. Nothing of k3s, Hetzner's controllers or
 * Flux is in it; a real cluster needs minutes where this one needs none.
 */
import { parse } from "yaml";
import type { NodeFacts } from "../node/read.ts";
import { reconcile } from "./flux.ts";
import { decoded, followed, handOver, installed, missingSecret, report } from "./hand-over.ts";
import { type KubeObject, type Objects, place } from "./objects.ts";
import { beginToken, runTokenPods, takesServer } from "./server-tokens.ts";

export interface ClusterArgs {
  /** The server that starts it. */
  readonly first: NodeFacts;
  readonly objects: Objects;
  /** Clone URL of the GitOps repository, wherever user data says that it is. */
  readonly repository: string;
  /** The commit at a branch's head, cheap enough to be asked all the time. */
  readonly head: (branch: string) => string | undefined;
}

export interface Cluster {
  readonly objects: Objects;
  /** Whether Flux has brought its kinds. */
  readonly installed: () => boolean;
  /** Whether it is let in. */
  readonly join: (node: NodeFacts, id: number) => boolean;
  /** Its machine is off, or gone. */
  readonly stop: (name: string) => void;
  readonly leave: (name: string) => void;
  /** What there is to do now. @throws NodeError when a node could not go on */
  readonly step: () => Promise<void>;
}

/** A node whose machine is on. */
interface Running {
  readonly node: NodeFacts;
  /** Of its machine at Hetzner. */
  readonly id: number;
}

const uninitialized = "node.cloudprovider.kubernetes.io/uninitialized";

/** The version in the artefact's address: `…/download/v1.36.3%2Bk3s1/k3s`. */
function k3sVersion({ files }: NodeFacts): string {
  const text = files.get("/etc/k3s-stages/artefacts") ?? "";
  return decodeURIComponent(/\/(v[0-9][^/]*k3s[^/]*)\//.exec(text)?.[1] ?? "");
}

/** Its kubelet waits for a cloud controller. */
const isExternal = ({ files }: NodeFacts): boolean =>
  [...files].some(([path, text]) => path.startsWith("/etc/rancher/k3s/") && text.includes("cloud-provider=external"));

function join(objects: Objects, node: NodeFacts): void {
  const { name, role } = node;
  const at = place(name, { kind: "Node" });
  if (objects.get(at)) return;
  const control = role === "server" ? { "node-role.kubernetes.io/control-plane": "true" } : {};
  const taints = isExternal(node) ? [{ key: uninitialized, value: "true", effect: "NoSchedule" }] : [];
  objects.put(at, {
    metadata: { labels: { "kubernetes.io/hostname": name, ...control } },
    spec: { taints, ...(taints.length > 0 ? {} : { providerID: `k3s://${name}` }) },
    status: {
      conditions: [
        { type: "Ready", status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" },
      ],
      nodeInfo: { kubeletVersion: k3sVersion(node) },
    },
  });
  report(objects, name);
}

/** Servers by their token, agents by a Secret for theirs; one that is a node already is known by that. */
function isLetIn(objects: Objects, { name, role, k3s }: NodeFacts): boolean {
  if (objects.get(place(name, { kind: "Node" }))) return true;
  if (role === "server") return takesServer(objects, `${k3s["token"]}`);
  const [id = "", secret = ""] = `${k3s["token"]}`.split("::")[1]?.split(".") ?? [];
  return secret !== "" && decoded(objects, `kube-system/bootstrap-token-${id}`, "token-secret") === secret;
}

/** What k3s applies from a server's disk. */
function applyManifests(objects: Objects, { files }: NodeFacts): void {
  const texts = [...files].filter(([path]) => path.startsWith("/var/lib/rancher/k3s/server/manifests/"));
  for (const [, text] of texts) {
    const { kind, metadata, ...rest } = parse(text) as KubeObject;
    objects.merge(place(metadata.name, { kind, namespace: metadata.namespace }), { metadata, ...rest });
  }
}

/** Hetzner's cloud controller manager, once k3s is to install it, and as far as a token lets it; it knows the servers by the nodes' names. */
function initialize(objects: Objects, running: ReadonlyMap<string, Running>): void {
  const chart = place("hcloud-cloud-controller-manager", { kind: "HelmChart", namespace: "kube-system" });
  if (!objects.get(chart)) return;
  const token = decoded(objects, "kube-system/hcloud", "token");
  if (token.length !== 64 || decoded(objects, "kube-system/hcloud", "network") === "") return;
  for (const node of objects.list({ ...place("", { kind: "Node" }), name: undefined })) {
    const { name } = node.metadata;
    const { taints, ...spec } = node["spec"] as { readonly taints: readonly object[] };
    const id = running.get(name)?.id;
    if (taints.length === 0 || id === undefined) continue;
    const providerID = `hcloud://${id}`;
    objects.put(place(name, { kind: "Node" }), { ...node, spec: { ...spec, taints: [], providerID } });
  }
}

/** Brings the cluster to the repository's head, whenever there is something new to look at. */
function follower({ first, objects, repository, head }: ClusterArgs): () => Promise<void> {
  let last = "";
  /** Anything that a reconciliation looks at, so that nothing is built again without need. */
  const seen = (commit: string) => `${commit} ${first.setting("decryption")} ${missingSecret(objects, first)}`;
  return async () => {
    const from = followed(objects);
    const commit = from && head(from.branch);
    if (!(from && commit) || seen(commit) === last) return;
    await reconcile({ objects, repository, ...from }, commit);
    last = seen(commit);
  };
}

export function openCluster(args: ClusterArgs): Cluster {
  const { first, objects, repository } = args;
  for (const name of ["kube-system", "default"]) objects.merge(place(name, { kind: "Namespace" }), {});
  beginToken(objects, `${first.k3s["token"]}`);
  applyManifests(objects, first);
  const running = new Map<string, Running>();
  const follow = follower(args);
  return {
    objects,
    installed: () => installed(objects),
    join: (node, id) => {
      if (!isLetIn(objects, node)) return false;
      running.set(node.name, { node, id });
      join(objects, node);
      return true;
    },
    stop: (name) => void running.delete(name),
    leave: (name) => objects.remove(place(name, { kind: "Node" })),
    step: async () => {
      runTokenPods(objects);
      initialize(objects, running);
      await handOver(
        objects,
        repository,
        [...running.values()].map(({ node }) => node),
      );
      await follow();
    },
  };
}
