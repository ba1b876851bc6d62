import { type Credentials, type Kube, kube } from "../stacks/access/kube.ts";
import {
  commitOf,
  type Expected,
  type KubeObject,
  type Snapshot,
  stageLack,
  stageWarnings,
} from "../stacks/access/stage-state.ts";
import { readKubeconfig } from "../stacks/cluster/kubeconfig.ts";
import { PublishError } from "../stacks/publish/problem.ts";
import type { Remotes } from "./remotes.ts";
import { type CreateRequest, type Resource, type State, UserError } from "./resource.ts";
import { Unanswered } from "./unanswered.ts";
import { unknown } from "./values.ts";
import { type Found, wait } from "./waiting.ts";

/** Seconds. Nodes join within minutes; what takes long on a first day is pulling the images of all applications. */
const longest = 30 * 60;

const paths = {
  nodes: "/api/v1/nodes",
  report: "/api/v1/namespaces/kube-system/configmaps/k3s-stages-status",
  pods: "/api/v1/namespaces/flux-system/pods",
  source: "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories/flux-system",
  kustomizations: "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations",
  policies: "/apis/image.toolkit.fluxcd.io/v1/imagepolicies",
} as const;

/** Nothing for what is not there, or for a kind that the API does not know yet. */
async function get(api: Kube, path: string): Promise<unknown> {
  const answer = await api.ask({ path });
  if (answer.kind === "failure") throw new Unanswered(answer.failure);
  return answer.status === 200 ? JSON.parse(answer.text) : undefined;
}

const one = (api: Kube, path: string) => get(api, path) as Promise<KubeObject | undefined>;
const list = async (api: Kube, path: string) =>
  ((await get(api, path)) as { readonly items: readonly KubeObject[] } | undefined)?.items;

async function snapshot(api: Kube): Promise<Snapshot> {
  const [nodes, report, pods, source, kustomizations, policies] = await Promise.all([
    list(api, paths.nodes),
    one(api, paths.report),
    list(api, paths.pods),
    one(api, paths.source),
    list(api, paths.kustomizations),
    list(api, paths.policies),
  ]);
  return { nodes: nodes ?? [], report, pods: pods ?? [], source, kustomizations, policies };
}

/** As `flux reconcile source git` does: the new commit is then fetched at once, and not at the next interval. */
async function askForTheCommit(api: Kube): Promise<void> {
  const annotations = { "reconcile.fluxcd.io/requestedAt": new Date().toISOString() };
  const body = JSON.stringify({ metadata: { annotations } });
  await api.ask({ method: "PATCH", path: paths.source, contentType: "application/merge-patch+json", body });
}

const strings = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

/** Of each revision that Flux applied, whether it holds the tree's commit. */
async function holding({ kustomizations = [] }: Snapshot, { inputs, signal }: CreateRequest, open: Remotes) {
  const commit = String(inputs["commit"]);
  const found = kustomizations.map(({ status }) => commitOf(status?.lastAppliedRevision ?? ""));
  const revisions = [...new Set(found)].filter((revision) => revision !== "");
  if (revisions.every((revision) => revision === commit)) return new Set(revisions);
  const at = { url: String(inputs["url"]), branch: String(inputs["branch"]), signal };
  const history = await open.at(at).history();
  const held: string[] = [];
  for (const revision of revisions) if (await history.builds(commit, revision)) held.push(revision);
  return new Set(held);
}

interface Seen {
  readonly revision: string;
  readonly warnings: readonly string[];
}

async function look(api: Kube, request: CreateRequest, open: Remotes): Promise<Found<Seen>> {
  const { inputs } = request;
  try {
    const now = await snapshot(api);
    const held = await holding(now, request, open);
    const expected: Expected = {
      nodes: strings(inputs["nodes"]),
      version: String(inputs["version"]),
      initialized: inputs["initialized"] === true,
      kustomizations: strings(inputs["kustomizations"]),
      holds: (commit) => held.has(commit),
    };
    const lack = stageLack(now, expected);
    if (lack) return { kind: "waiting", ...lack };
    const flux = now.kustomizations?.find(({ metadata }) => metadata.name === "flux-system");
    const value = { revision: flux?.status?.lastAppliedRevision ?? "", warnings: stageWarnings(now, expected) };
    return { kind: "done", value };
  } catch (error) {
    if (error instanceof Unanswered) return error.found;
    if (!(error instanceof PublishError)) throw error;
    return {
      kind: "waiting",
      seen: error.message,
      wayOut: "The history of the repository says what Flux has applied.",
    };
  }
}

async function ready(request: CreateRequest, open: Remotes, pause: number): Promise<State> {
  const { inputs, log, signal, timeout } = request;
  const what = `the stage ${inputs["stage"]}`;
  const credentials: Credentials = readKubeconfig(String(inputs["kubeconfig"]));
  const api = kube(credentials, signal);
  try {
    await askForTheCommit(api);
    const found = () => look(api, request, open);
    const seen = await wait({ what, look: found, log, signal, deadline: timeout || longest, pause });
    for (const warning of seen.warnings) await log("WARNING", warning);
    return { outputs: { revision: seen.revision } };
  } catch (error) {
    throw signal.aborted ? new UserError(`cancelled while waiting for ${what}`) : error;
  } finally {
    api.close();
  }
}

const isWaitedFor = (name: string): boolean => name !== "kubeconfig";

/**
 * The stage works: its nodes are in the cluster, and Flux has applied the tree's commit or a later one. It waits again
 * whenever something is expected that was not; a renewed kubeconfig is only taken over.
 */
export function stageReady(open: Remotes, { pause = 3 } = {}): Resource {
  return {
    create: async (request) => {
      const id = String(request.inputs["stage"]);
      return request.preview
        ? { id: "", outputs: { revision: unknown } }
        : { id, ...(await ready(request, open, pause)) };
    },
    update: async (request) => {
      const { inputs, oldInputs, oldOutputs, preview } = request;
      const changed = Object.keys(inputs).filter((name) => `${inputs[name]}` !== `${oldInputs[name]}`);
      if (!changed.some(isWaitedFor)) return { outputs: oldOutputs };
      return preview ? { outputs: { revision: unknown } } : ready(request, open, pause);
    },
  };
}
