/** Takes another server token to the servers that live, from wherever an earlier run has left it. */
import { randomBytes } from "node:crypto";
import type { KubeNode } from "../../stacks/cluster/departure.ts";
import { script } from "../../stacks/cluster/node-files.ts";
import { nodeScripts } from "../../stacks/cluster/node-scripts.ts";
import {
  namespace,
  podName,
  podState,
  serversOf,
  type TokenPod,
  type Turn,
  tokenPod,
  tokenSecret,
  tokenSecretName,
  turnLimit,
  turns,
} from "../../stacks/cluster/server-token.ts";
import { type CreateRequest, UserError } from "../resource.ts";
import { Unanswered } from "../unanswered.ts";
import { type Found, wait } from "../waiting.ts";
import { type ClusterApi, clusterApi, make, strings, take } from "./cluster-api.ts";

export interface How {
  /** Servers that are given up, by name. */
  readonly skipped: readonly string[];
  /** Seconds between two looks. */
  readonly pause: number;
}

interface Rotation extends How {
  readonly request: CreateRequest;
  readonly api: ClusterApi;
}

/** Seconds that servers are given to be Ready: one may just have started. */
const patience = 5 * 60;

const pods = `/api/v1/namespaces/${namespace}/pods`;
const secrets = `/api/v1/namespaces/${namespace}/secrets`;
const goesOn = "`pulumi up` goes on from here";

interface Waited<T> {
  readonly what: string;
  readonly limit?: number;
  readonly look: () => Promise<Found<T>>;
}

/** The API's silence is one more thing to wait for. */
function until<T>({ request, pause }: Rotation, { what, limit = patience, look }: Waited<T>): Promise<T> {
  const { log, signal, timeout } = request;
  const patient = () =>
    look().catch((error: unknown): Found<T> => {
      if (error instanceof Unanswered) return error.found;
      throw error;
    });
  return wait({ what, look: patient, log, signal, deadline: timeout || limit, pause });
}

const clusterOf = ({ request }: Rotation): string => `the servers of ${request.inputs["cluster"]}`;

/** One request, as soon as there is somebody to take it. */
function once(rotation: Rotation, question: Parameters<typeof take>[1]): Promise<unknown> {
  const look = async (): Promise<Found<unknown>> => ({ kind: "done", value: await take(rotation.api, question) });
  return until(rotation, { what: clusterOf(rotation), look });
}

/** All of them: etcd counts on the others while one starts again, and one that is not told does not come back. */
function allReady(rotation: Rotation, begun: boolean): Promise<readonly string[]> {
  const { request, api, skipped } = rotation;
  const wanted = strings(request.inputs["nodes"]);
  const look = async (): Promise<Found<readonly string[]>> => {
    const { items = [] } = (await take(api, { path: "/api/v1/nodes" })) as { readonly items?: readonly KubeNode[] };
    const { all, notReady } = serversOf(items, wanted, skipped);
    if (all.length === 0) throw new UserError("no server is left that could be told of another token");
    if (notReady.length === 0) return { kind: "done", value: all };
    const wayOut =
      `${begun ? goesOn : "No server was told of another token"}. Bring back first what is not there (docs/day-2.md); ` +
      `K3S_STAGES_SKIP_DRAIN=${notReady.join(",")} goes on without, for servers that are made again afterwards`;
    return { kind: "waiting", seen: `${notReady.join(", ")} not Ready`, wayOut };
  };
  return until(rotation, { what: clusterOf(rotation), look });
}

/** Another of the same authority. */
const otherToken = (token: string): string => `${token.split("::")[0]}::server:${randomBytes(32).toString("hex")}`;

interface Stored {
  readonly data?: { readonly token?: string };
}

/** Of a run that did not get to its end, or a new one: it is in the cluster before any server is told of it. */
async function chosen(rotation: Rotation): Promise<string> {
  const read = async () => (await once(rotation, { path: `${secrets}/${tokenSecretName}` })) as Stored | undefined;
  const found = await read();
  await allReady(rotation, found !== undefined);
  if (!found) {
    const token = otherToken(String(rotation.request.inputs["token"]));
    await once(rotation, make(secrets, { apiVersion: "v1", kind: "Secret", ...tokenSecret(token) }));
  }
  const { data } = found ?? (await read()) ?? {};
  return Buffer.from(data?.token ?? "", "base64").toString("utf8");
}

/** A pod of this name that was there before is of a run that was killed. */
async function taken(rotation: Rotation, turn: Turn, text: string): Promise<void> {
  const { api } = rotation;
  const path = `${pods}/${podName(turn)}`;
  const wayOut = `${goesOn}. More says kubectl -n ${namespace} describe pod ${podName(turn)}`;
  const waiting = (seen: string): Found<undefined> => ({ kind: "waiting", seen, wayOut });
  let isOwn = false;
  const look = async (): Promise<Found<undefined>> => {
    const pod = (await take(api, { path })) as TokenPod | undefined;
    if (pod && !isOwn) {
      await take(api, { method: "DELETE", path });
      return waiting("a pod of an earlier run ends");
    }
    isOwn = true;
    if (!pod) {
      await take(api, make(pods, tokenPod(turn, text)));
      return waiting("its pod begins");
    }
    const state = podState(pod);
    if (state.kind === "done") return { kind: "done", value: undefined };
    if (state.kind === "running") return waiting(state.trouble || "its pod runs");
    throw new UserError(`the server token on ${turn.node}: its pod failed (${state.trouble}). ${wayOut}`);
  };
  await until(rotation, { what: `the server token on ${turn.node}`, limit: turnLimit, look });
  await once(rotation, { method: "DELETE", path });
}

async function all(rotation: Rotation): Promise<string> {
  const { request, skipped } = rotation;
  const given = strings(request.inputs["nodes"]).filter((name) => skipped.includes(name));
  for (const name of given)
    await request.log("WARNING", `K3S_STAGES_SKIP_DRAIN: ${name} is not told of another server token; make it again`);
  const token = await chosen(rotation);
  const text = script(nodeScripts(), "server-token.sh");
  for (const turn of turns(await allReady(rotation, true))) {
    await taken(rotation, turn, text);
    if (turn.steps.includes("switch")) await request.log("INFO", `${turn.node} runs with the new server token`);
    await allReady(rotation, true);
  }
  await once(rotation, { method: "DELETE", path: `${secrets}/${tokenSecretName}` });
  return token;
}

/** Gives the token by which servers join from then on. @throws UserError with the way out */
export async function rotate(request: CreateRequest, how: How): Promise<string> {
  const api = clusterApi(request.inputs, request.signal);
  try {
    return await all({ ...how, request, api });
  } catch (error) {
    throw request.signal.aborted ? new UserError(`cancelled while servers take another token; ${goesOn}`) : error;
  } finally {
    api.close();
  }
}
