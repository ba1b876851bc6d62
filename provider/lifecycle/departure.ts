/** Takes a node out of its cluster in order: no new pods, the old ones evicted, its etcd member removed, its object deleted. */
import { setTimeout as sleep } from "node:timers/promises";
import {
  evictable,
  isMember,
  isRemoved,
  type KubeNode,
  machineOf,
  otherServers,
  type Pod,
  podName,
} from "../../stacks/cluster/departure.ts";
import type { Log } from "../log.ts";
import { UserError } from "../resource.ts";

export interface Reply {
  readonly status: number;
  readonly text: string;
}

/** One request to the cluster's API. @throws UserError when it cannot be reached */
export type Ask = (question: {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly contentType?: string;
  readonly body?: string;
}) => Promise<Reply>;

export interface Departure {
  readonly name: string;
  readonly role: string;
  /** The id at Hetzner of the machine that goes. */
  readonly machine: string;
  readonly ask: Ask;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Milliseconds: between two looks, until pods have to be gone, until etcd has to have let go. */
  readonly pause: number;
  readonly patience: number;
}

const nodePath = (name: string): string => `/api/v1/nodes/${name}`;

function accepted({ status, text }: Reply, what: string, also: readonly number[] = []): Reply {
  if ((status >= 200 && status < 300) || also.includes(status)) return { status, text };
  throw new UserError(`${what}: the API answers ${status} ${text.replaceAll(/\s+/g, " ").slice(0, 200)}`);
}

async function items<T>({ ask }: Departure, path: string): Promise<readonly T[]> {
  const { text } = accepted(await ask({ path }), path);
  return (JSON.parse(text) as { readonly items?: readonly T[] }).items ?? [];
}

/** Looks until `look` has nothing to say; gives up with what it said last. */
async function until(departure: Departure, look: () => Promise<string | undefined>, wayOut: string): Promise<void> {
  const { pause, patience, log, signal } = departure;
  const end = Date.now() + patience;
  let said = "";
  for (;;) {
    const seen = await look();
    if (seen === undefined) return;
    if (Date.now() >= end) throw new UserError(`${seen}. ${wayOut}`);
    if (seen !== said) await log("INFO", seen);
    said = seen;
    await sleep(pause, undefined, { signal });
  }
}

async function merge({ ask, name }: Departure, patch: object): Promise<void> {
  const contentType = "application/merge-patch+json";
  accepted(await ask({ method: "PATCH", path: nodePath(name), contentType, body: JSON.stringify(patch) }), name);
}

/** Gives why the pod stays, for now. */
async function evict({ ask }: Departure, { metadata: { name, namespace } }: Pod): Promise<string | undefined> {
  const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } };
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/eviction`;
  const request = { method: "POST", path, contentType: "application/json", body: JSON.stringify(eviction) } as const;
  const { status } = accepted(await ask(request), `${namespace}/${name}`, [404, 429]);
  return status === 429 ? "a disruption budget holds it" : undefined;
}

async function drain(departure: Departure): Promise<void> {
  const { name } = departure;
  const path = `/api/v1/pods?fieldSelector=${encodeURIComponent(`spec.nodeName=${name}`)}`;
  const look = async () => {
    const pods = evictable(await items<Pod>(departure, path));
    if (pods.length === 0) return undefined;
    const asked = pods.filter(({ metadata }) => !metadata.deletionTimestamp);
    const held = await Promise.all(asked.map(async (pod) => ({ pod, why: await evict(departure, pod) })));
    const why = new Map(held.map((each) => [each.pod, each.why]));
    return `${name} still runs ${pods.map((pod) => `${podName(pod)}${why.get(pod) ? ` (${why.get(pod)})` : ""}`).join(", ")}`;
  };
  const out =
    "Nothing was deleted; the node takes no new pods. Give the workload another replica or its budget room, or set " +
    `K3S_STAGES_SKIP_DRAIN=${name} where the node is dead, and run again`;
  await until(departure, look, out);
}

/** Etcd decides by the others' votes, so all of them have to be there when one goes. */
async function othersReady(departure: Departure): Promise<boolean> {
  let alone = false;
  const look = async () => {
    const { names, notReady } = otherServers(await items<KubeNode>(departure, "/api/v1/nodes"), departure.name);
    alone = names.length === 0;
    if (notReady.length === 0) return undefined;
    return `${departure.name} may not leave while ${notReady.join(", ")} is not Ready: etcd could lose its majority`;
  };
  await until(departure, look, "Bring that server back first (docs/day-2.md), or replace it");
  return !alone;
}

async function read({ ask, name }: Departure): Promise<KubeNode | undefined> {
  const { status, text } = accepted(await ask({ path: nodePath(name) }), name, [404]);
  return status === 404 ? undefined : (JSON.parse(text) as KubeNode);
}

async function leaveEtcd(departure: Departure): Promise<void> {
  await merge(departure, { metadata: { annotations: { "etcd.k3s.cattle.io/remove": "true" } } });
  const look = async () => {
    const node = await read(departure);
    return !node || isRemoved(node) ? undefined : `etcd still has ${departure.name} as a member`;
  };
  await until(departure, look, "The servers' journal says why (journalctl -u k3s)");
}

/** A node of this name that joins again is known by this Secret's password, and the new machine has another. */
async function forget({ ask, name }: Departure): Promise<void> {
  accepted(await ask({ method: "DELETE", path: nodePath(name) }), name, [404]);
  const secret = `/api/v1/namespaces/kube-system/secrets/${name}.node-password.k3s`;
  accepted(await ask({ method: "DELETE", path: secret }), secret, [404]);
}

/**
 * The node, where this machine is it. Another one is it by now where a state was restored from an older export: that one lives
 * and stays. An id that is lower is of a machine that is gone: a restored snapshot has it still.
 */
async function present(departure: Departure): Promise<KubeNode | undefined> {
  const { name, machine, log } = departure;
  const node = await read(departure);
  const living = (node && machineOf(node)) ?? machine;
  if (Number(living) <= Number(machine)) return node;
  await log("WARNING", `${name} is server ${living} by now and not ${machine}, which is gone: it stays in its cluster`);
  return undefined;
}

/** Afterwards the cluster no longer knows the node. A cluster's last server has nobody to hand anything to. */
export async function depart(departure: Departure): Promise<void> {
  const node = await present(departure);
  if (!node) return;
  if (departure.role === "server" && !(await othersReady(departure))) return;
  await merge(departure, { spec: { unschedulable: true } });
  await drain(departure);
  if (departure.role === "server" && isMember(node)) await leaveEtcd(departure);
  await forget(departure);
}

/**
 * The same without waiting for anything: k3s takes a server out of etcd when its Node goes (k3s-io/k3s
 * pkg/etcd/member_controller.go). Otherwise no other machine gets in under this name and this address.
 */
export async function abandon(departure: Departure): Promise<void> {
  if (await present(departure)) await forget(departure);
}
