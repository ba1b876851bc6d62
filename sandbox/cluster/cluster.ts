/**
 * A STAND-IN for what happens inside a cluster: nodes join, the cloud controller takes its taint off once it has a token,
 * flux bootstrap runs once its Secret is there, and Flux follows the repository. Nothing of k3s, Hetzner's controllers or
 * Flux is in it; a real cluster needs minutes where this one needs none.
 */
import { createPublicKey } from "node:crypto";
import { parse } from "yaml";
import { bootstrap } from "../node/bootstrap.ts";
import { NodeError } from "../node/error.ts";
import type { NodeFacts } from "../node/read.ts";
import { reconcile } from "./flux.ts";
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
  readonly leave: (name: string) => void;
  /** What there is to do now. @throws NodeError when a node could not go on */
  readonly step: () => Promise<void>;
}

const uninitialized = "node.cloudprovider.kubernetes.io/uninitialized";
const flux = (kind: string, name: string) => place(name, { kind, namespace: "flux-system" });
const status = place("k3s-stages-status", { kind: "ConfigMap", namespace: "kube-system" });

/** The version in the artefact's address: `…/download/v1.36.3%2Bk3s1/k3s`. */
function k3sVersion({ files }: NodeFacts): string {
  const text = files.get("/etc/k3s-stages/artefacts") ?? "";
  return decodeURIComponent(/\/(v[0-9][^/]*k3s[^/]*)\//.exec(text)?.[1] ?? "");
}

/** Its kubelet waits for a cloud controller. */
const isExternal = ({ files }: NodeFacts): boolean =>
  [...files].some(([path, text]) => path.startsWith("/etc/rancher/k3s/") && text.includes("cloud-provider=external"));

/** What the node's own unit would say: done, or what its last phase waits for. */
function report(objects: Objects, node: string, error = ""): void {
  const [phase, state] = error === "" ? ["done", "done"] : ["flux", "waiting"];
  const since = new Date().toISOString();
  objects.merge(status, { data: { [node]: JSON.stringify({ phase, state, attempt: 1, since, error }) } });
}

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

/** One value of a Secret, as `namespace/name`; empty where there is none. */
const decoded = (objects: Objects, secret: string, key: string): string => {
  const [namespace = "", name = ""] = secret.split("/");
  const found = objects.get(place(name, { kind: "Secret", namespace }));
  const data = (found?.["data"] ?? {}) as { readonly [name: string]: string };
  return Buffer.from(data[key] ?? "", "base64").toString("utf8");
};

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
function initialize(objects: Objects, servers: ReadonlyMap<string, number>): void {
  const chart = place("hcloud-cloud-controller-manager", { kind: "HelmChart", namespace: "kube-system" });
  if (!objects.get(chart)) return;
  const token = decoded(objects, "kube-system/hcloud", "token");
  if (token.length !== 64 || decoded(objects, "kube-system/hcloud", "network") === "") return;
  for (const node of objects.list({ ...place("", { kind: "Node" }), name: undefined })) {
    const { name } = node.metadata;
    const { taints, ...spec } = node["spec"] as { readonly taints: readonly object[] };
    if (taints.length === 0 || !servers.has(name)) continue;
    const providerID = `hcloud://${servers.get(name)}`;
    objects.put(place(name, { kind: "Node" }), { ...node, spec: { ...spec, taints: [], providerID } });
  }
}

/** What the node's script asks for before it runs flux bootstrap. */
function missingSecret(objects: Objects, { setting }: NodeFacts): string | undefined {
  const wanted = ["flux-bootstrap", setting("decryption") ?? ""].filter((name) => name !== "");
  return wanted.find((name) => !objects.get(flux("Secret", name)));
}

/** A deploy key that flux could load, with the public half beside it and host keys; or a token. */
function credentialProblems(objects: Objects, { setting }: NodeFacts): readonly string[] {
  const part = (key: string) => decoded(objects, "flux-system/flux-bootstrap", key);
  if (setting("credential") === "token")
    return ["username", "password"].filter((key) => part(key) === "").map((key) => `flux-bootstrap has no ${key}`);
  const problems = part("known_hosts") === "" ? ["flux-bootstrap has no known_hosts"] : [];
  const isPair = /^-----BEGIN OPENSSH PRIVATE KEY-----\n/.test(part("identity")) && isPublicKey(part("identity.pub"));
  return isPair ? problems : [...problems, "flux-bootstrap has no pair of keys"];
}

function isPublicKey(text: string): boolean {
  const blob = Buffer.from(text.split(" ")[1] ?? "", "base64");
  if (blob.subarray(4, 15).toString() !== "ssh-ed25519") return false;
  const key = { kty: "OKP", crv: "Ed25519", x: blob.subarray(19).toString("base64url") };
  return createPublicKey({ key, format: "jwk" }).asymmetricKeyType === "ed25519";
}

/** With `access: none`: what its user data bring for the API of a new cluster, as its own kubectl applies it. */
function applyGiven(objects: Objects, { files }: NodeFacts): void {
  const text = files.get("/etc/k3s-stages/credential.json");
  const { items } = JSON.parse(text ?? '{ "items": [] }') as { readonly items: readonly KubeObject[] };
  for (const { kind, metadata, ...rest } of items)
    objects.merge(place(metadata.name, { kind, namespace: metadata.namespace }), { metadata, ...rest });
}

/** Runs flux bootstrap once in the cluster's life. */
async function handOver({ first, objects, repository }: ClusterArgs): Promise<void> {
  const { command } = first;
  if (!command) return;
  const missing = missingSecret(objects, first);
  if (missing) return report(objects, first.name, `waiting for the Secret flux-system/${missing}`);
  const problems = credentialProblems(objects, first);
  if (problems.length > 0) throw new NodeError(problems, first.name);
  await bootstrap({ command, repository });
  const { url, branch, path } = command;
  objects.merge(flux("GitRepository", "flux-system"), {
    spec: { url, ref: { branch }, secretRef: { name: "flux-system" } },
  });
  objects.merge(flux("Kustomization", "flux-system"), { spec: { path: `./${path}`, prune: true } });
  report(objects, first.name);
}

export function openCluster(args: ClusterArgs): Cluster {
  const { first, objects, repository, head } = args;
  for (const name of ["kube-system", "default"]) objects.merge(place(name, { kind: "Namespace" }), {});
  beginToken(objects, `${first.k3s["token"]}`);
  applyManifests(objects, first);
  const installed = () => objects.get(flux("GitRepository", "flux-system")) !== undefined;
  const servers = new Map<string, number>();
  let followed = "";
  /** Anything that a reconciliation looks at, so that nothing is built again without need. */
  const seen = (commit: string) => `${commit} ${first.setting("decryption")} ${missingSecret(objects, first)}`;
  const follow = async () => {
    const { command } = first;
    const commit = command && head(command.branch);
    if (!(command && commit) || seen(commit) === followed) return;
    await reconcile({ objects, repository, ...command }, commit);
    followed = seen(commit);
  };
  return {
    objects,
    installed,
    join: (node, id) => {
      if (!isLetIn(objects, node)) return false;
      servers.set(node.name, id);
      join(objects, node);
      return true;
    },
    leave: (name) => objects.remove(place(name, { kind: "Node" })),
    step: async () => {
      runTokenPods(objects);
      if (!installed()) applyGiven(objects, first);
      initialize(objects, servers);
      if (!installed()) await handOver(args);
      if (installed()) await follow();
    },
  };
}
