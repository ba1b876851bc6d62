/**
 * A STAND-IN for what a server token is to k3s, and for the pods that bring another one (stacks/cluster/server-token.ts): it reads
 * from a pod's description which steps it would take on which server, and takes them at once. It runs no script and starts no
 * k3s; test/server-token-script.test.ts runs the script, beside fakes.
 */
import { isReady, isServer, type KubeNode } from "../../stacks/cluster/departure.ts";
import { type KubeObject, type Objects, place } from "./objects.ts";

const namespace = "kube-system";
/** What etcd's copy of the cluster's keys is encrypted with, and what each server was told since; as k3s would keep it. */
const kept = place("sandbox-k3s", { kind: "Secret", namespace });

function text(objects: Objects, secret: string, key: string): string | undefined {
  const data = objects.get(place(secret, { kind: "Secret", namespace }))?.["data"] as
    | { [key: string]: string }
    | undefined;
  const value = data?.[key];
  return value === undefined ? undefined : Buffer.from(value, "base64").toString("utf8");
}

const keep = (objects: Objects, key: string, value: string) => objects.merge(kept, { stringData: { [key]: value } });

/** A cluster begins with the token of its first server. */
export function beginToken(objects: Objects, token: string): void {
  if (text(objects, "sandbox-k3s", "etcd") === undefined) keep(objects, "etcd", token);
}

export const takesServer = (objects: Objects, token: string): boolean => text(objects, "sandbox-k3s", "etcd") === token;

interface Spec {
  readonly nodeName?: string;
  readonly hostPID?: boolean;
  readonly containers?: readonly {
    readonly command?: readonly string[];
    readonly securityContext?: { readonly privileged?: boolean };
  }[];
  readonly volumes?: readonly { readonly secret?: { readonly secretName?: string } }[];
}

/** Those that are up. */
const serversOf = (objects: Objects): readonly string[] =>
  (objects.list({ ...place("", { kind: "Node" }), name: undefined }) as unknown as readonly KubeNode[])
    .filter((node) => isServer(node) && isReady(node))
    .map(({ metadata }) => metadata.name);

/** Why a step cannot be taken. */
function step(objects: Objects, word: string, { node, token }: { readonly node: string; readonly token: string }) {
  const told = (name: string) => text(objects, "sandbox-k3s", `prepared.${name}`) === token;
  switch (word) {
    case "prepare":
      keep(objects, `prepared.${node}`, token);
      return undefined;
    case "rotate":
      if (!serversOf(objects).every(told)) return "a server is not prepared: it would not come up any more";
      keep(objects, "etcd", token);
      return undefined;
    case "switch":
      if (!takesServer(objects, token)) return "k3s does not start with a token that etcd does not have";
      keep(objects, `switched.${node}`, token);
      return undefined;
    default:
      return `${word} is no step that this stand-in knows`;
  }
}

/** What a kubelet and the script would come to. */
function outcome(objects: Objects, { spec }: KubeObject): object {
  const { nodeName: node = "", hostPID, containers = [], volumes = [] } = (spec ?? {}) as Spec;
  const [, , enter = "", script = "", ...steps] = containers[0]?.command ?? [];
  const token = text(objects, volumes[0]?.secret?.secretName ?? "", "token");
  const failed = (message: string) => ({ phase: "Failed", message });
  const fault = objects.get(place(node, { kind: "Node" }))?.metadata.annotations?.["sandbox/fails"];
  if (fault) return failed(fault);
  if (token === undefined) return { phase: "Pending", message: "its Secret is not there" };
  if (!(hostPID && containers[0]?.securityContext?.privileged && enter.includes("nsenter -t 1 ")))
    return failed("it does not enter the machine");
  if (JSON.stringify(spec).includes(token)) return failed("its description shows the token");
  if (!script.includes("token rotate")) return failed("it has no script");
  const why = steps.map((word) => step(objects, word, { node, token })).find((each) => each !== undefined);
  return why ? failed(why) : { phase: "Succeeded" };
}

const isOver = ({ status }: KubeObject): boolean =>
  ["Succeeded", "Failed"].includes((status as { readonly phase?: string } | undefined)?.phase ?? "");

export function runTokenPods(objects: Objects): void {
  const pods = objects.list({ ...place("", { kind: "Pod", namespace }), name: undefined });
  const own = pods.filter(({ metadata }) => metadata.labels?.["app.kubernetes.io/name"] === "k3s-stages-server-token");
  for (const pod of own.filter((each) => !isOver(each)))
    objects.merge(place(pod.metadata.name, { kind: "Pod", namespace }), { status: outcome(objects, pod) });
}
