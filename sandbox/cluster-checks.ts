/** Looks into a stage's cluster, as its stand-in has it, right after `up` has ended: nothing is waited for any more. */
import { githubRepository } from "../stacks/access/steps.ts";
import type { Fleet, Stage } from "../stacks/config/fleet.ts";
import { type KubeObject, type Objects, place } from "./cluster/objects.ts";
import { SandboxError } from "./error.ts";
import type { Sandbox } from "./open.ts";
import type { Checks } from "./report.ts";
import { counted } from "./say.ts";
import { dummySecrets } from "./stage.ts";

const all = (objects: Objects, kind: string, namespace?: string): readonly KubeObject[] =>
  objects.list({ ...place("", { kind, ...(namespace ? { namespace } : {}) }), name: undefined });

function isReady(object: KubeObject): boolean {
  const { conditions = [] } = (object["status"] ?? {}) as { conditions?: readonly { type: string; status: string }[] };
  return conditions.some(({ type, status }) => type === "Ready" && status === "True");
}

const names = (objects: readonly KubeObject[]): string => objects.map(({ metadata }) => metadata.name).join(", ");

/** One value of a Secret, as `namespace/name`; empty where there is none. */
function value(objects: Objects, secret: string, key: string): string {
  const [namespace = "", name = ""] = secret.split("/");
  const data = objects.get(place(name, { kind: "Secret", namespace }))?.["data"] as { readonly [key: string]: string };
  return Buffer.from(data?.[key] ?? "", "base64").toString("utf8");
}

/** Which Secret of the cluster holds which of the dummies, by the stage's own configuration. */
function arriving({ repository }: Fleet, { cluster }: Stage): readonly (readonly [string, string, string])[] {
  const { decryption } = repository;
  return [
    ...(cluster.cloudProvider === "hcloud" ? [["kube-system/hcloud", "token", "clusterToken"] as const] : []),
    ...(decryption ? [[`flux-system/${decryption.secret}`, "age.agekey", "ageKey"] as const] : []),
  ];
}

/** By ssh it is a deploy key, which GitHub's stand-in knows where the repository is there; else a token. */
function isCredentialThere({ services, fleet: { repository } }: Sandbox, objects: Objects): boolean {
  if (!repository.url.startsWith("ssh://")) return value(objects, "flux-system/flux-bootstrap", "password") !== "";
  const key = value(objects, "flux-system/flux-bootstrap", "identity.pub").split(" ").slice(0, 2).join(" ");
  const isKnown = services.github.keys().some((each) => each.key === key && !each.read_only);
  return key !== "" && (isKnown || !githubRepository(repository.url));
}

function checkSecrets(sandbox: Sandbox, checks: Checks, { stage, objects }: Inside): void {
  const missing = arriving(sandbox.fleet, stage).flatMap(([secret, key, dummy]) =>
    value(objects, secret, key) === dummySecrets[dummy] ? [] : [secret],
  );
  const lost = isCredentialThere(sandbox, objects) ? missing : [...missing, "flux-system/flux-bootstrap"];
  checks.add(`${stage.name}'s secrets are in its cluster`, lost.length === 0, lost.join(", "));
}

interface Inside {
  readonly stage: Stage;
  readonly objects: Objects;
}

const nodeCount = ({ cluster }: Stage): number =>
  cluster.pools.reduce<number>((sum, { count }) => sum + count, cluster.servers.count);

/** `up` has ended, so the stage works: its nodes are there and taken over, Flux is at the tree, the secrets arrived. */
export function checkCluster(sandbox: Sandbox, checks: Checks, stage: Stage): void {
  // There `up` ends when the servers are made.
  if (stage.cluster.access === "none") return;
  const { project }: Fleet = sandbox.fleet;
  const objects = sandbox.services.clusters.objectsOf(`${project}-${stage.name}`);
  if (!objects)
    throw new SandboxError([`${stage.name} has no cluster`, ...sandbox.services.clusters.problems].join("\n"));
  const nodes = all(objects, "Node");
  const taken = nodes.filter(({ spec }) => (spec as { taints: readonly object[] }).taints.length === 0);
  const held = taken.length === nodeCount(stage) && taken.every(isReady);
  checks.add(`${stage.name} ended with its ${counted(nodeCount(stage), "node")} ready`, held, names(taken));
  const syncs = all(objects, "Kustomization");
  const waiting = syncs.filter((each) => !isReady(each));
  checks.add(`${stage.name} ended with Flux at its tree`, syncs.length > 1 && waiting.length === 0, names(waiting));
  checkSecrets(sandbox, checks, { stage, objects });
}
