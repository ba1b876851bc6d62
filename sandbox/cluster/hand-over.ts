/**
 * A STAND-IN for the flux phase of server 1: with its Secret it commits what `flux bootstrap` commits, once in the cluster's
 * life, and leaves its two objects. No Flux is installed.
 */
import { createPublicKey } from "node:crypto";
import { posix } from "node:path";
import { bootstrap } from "../node/bootstrap.ts";
import { NodeError } from "../node/error.ts";
import type { NodeFacts } from "../node/read.ts";
import { type KubeObject, type Objects, place } from "./objects.ts";

const flux = (kind: string, name: string) => place(name, { kind, namespace: "flux-system" });

/** Whether Flux has brought its kinds. */
export const installed = (objects: Objects): boolean => objects.get(flux("GitRepository", "flux-system")) !== undefined;

const status = place("k3s-stages-status", { kind: "ConfigMap", namespace: "kube-system" });

/** What the node's own unit would say: done, or what its last phase waits for. */
export function report(objects: Objects, node: string, error = ""): void {
  const [phase, state] = error === "" ? ["done", "done"] : ["flux", "waiting"];
  const since = new Date().toISOString();
  objects.merge(status, { data: { [node]: JSON.stringify({ phase, state, attempt: 1, since, error }) } });
}

/** One value of a Secret, as `namespace/name`; empty where there is none. */
export const decoded = (objects: Objects, secret: string, key: string): string => {
  const [namespace = "", name = ""] = secret.split("/");
  const found = objects.get(place(name, { kind: "Secret", namespace }));
  const data = (found?.["data"] ?? {}) as { readonly [name: string]: string };
  return Buffer.from(data[key] ?? "", "base64").toString("utf8");
};

/** What the node's script asks for before it runs flux bootstrap. */
export function missingSecret(objects: Objects, { setting }: NodeFacts): string | undefined {
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

/** With `access: none`: what a server's user data bring for its API, as its own kubectl applies it. */
function applyGiven(objects: Objects, { files }: NodeFacts): void {
  const text = files.get("/etc/k3s-stages/credential.json");
  const { items } = JSON.parse(text ?? '{ "items": [] }') as { readonly items: readonly KubeObject[] };
  for (const { kind, metadata, ...rest } of items)
    objects.merge(place(metadata.name, { kind, namespace: metadata.namespace }), { metadata, ...rest });
}

/** As long as no Flux is there, by the server among whose phases flux bootstrap is. */
export async function handOver(objects: Objects, repository: string, nodes: readonly NodeFacts[]): Promise<void> {
  const node = nodes.find(({ command }) => command);
  if (!node?.command || installed(objects)) return;
  const { name, command } = node;
  applyGiven(objects, node);
  const missing = missingSecret(objects, node);
  if (missing) return report(objects, name, `waiting for the Secret flux-system/${missing}`);
  const problems = credentialProblems(objects, node);
  if (problems.length > 0) throw new NodeError(problems, name);
  await bootstrap({ command, repository });
  const { url, branch, path } = command;
  objects.merge(flux("GitRepository", "flux-system"), {
    spec: { url, ref: { branch }, secretRef: { name: "flux-system" } },
  });
  objects.merge(flux("Kustomization", "flux-system"), { spec: { path: `./${path}`, prune: true } });
  report(objects, name);
}

/** What its Flux follows, as flux bootstrap left it. */
export function followed(objects: Objects) {
  const specOf = (kind: string) => objects.get(flux(kind, "flux-system"))?.["spec"];
  const source = specOf("GitRepository") as { readonly ref: { readonly branch: string } } | undefined;
  const root = specOf("Kustomization") as { readonly path: string } | undefined;
  return source && root && { branch: source.ref.branch, path: posix.join(root.path) };
}
