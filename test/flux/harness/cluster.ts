/** A stage's cluster: the API server, Flux bootstrapped into it by its first server, its controllers at work. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type BootstrapArgs, bootstrap } from "./bootstrap.ts";
import type { Condition, KubernetesClient, KubernetesObject, Reference } from "./client.ts";
import { type Controllers, startControllers } from "./controllers.ts";
import type { GitHost } from "./git-host.ts";
import { startKubernetes } from "./kubernetes.ts";
import { startRollouts } from "./rollouts.ts";
import { until } from "./until.ts";

export interface Cluster {
  readonly stage: string;
  readonly client: KubernetesClient;
  readonly kubeconfigFile: string;
  readonly controllers: Controllers;
  /** What `flux reconcile` does: the object is looked at now, instead of at its next interval; returns when it was. */
  reconcile(reference: Reference): Promise<void>;
  /** Lets Flux see the repository's head, and waits until every Kustomization is ready at the commit or a later one. */
  follow(commit: string): Promise<void>;
  /** Lets Flux list the tags of an app's image, and waits until it has. */
  scan(app: { readonly name: string; readonly namespace: string }): Promise<void>;
  /** `repository:tag` of an app's Deployment, if there is one. */
  image(app: { readonly name: string; readonly namespace: string }): Promise<string | undefined>;
  close(): Promise<void>;
}

export interface ClusterArgs extends Omit<BootstrapArgs, "client" | "kubeconfigFile"> {
  /** Its own, below the caller's. */
  readonly folder: string;
}

const requested = "reconcile.fluxcd.io/requestedAt";
const source: Reference = {
  apiVersion: "source.toolkit.fluxcd.io/v1",
  kind: "GitRepository",
  name: "flux-system",
  namespace: "flux-system",
};
const syncs = { apiVersion: "kustomize.toolkit.fluxcd.io/v1", kind: "Kustomization" };
const images = { apiVersion: "image.toolkit.fluxcd.io/v1", kind: "ImageRepository" };

export const condition = ({ status }: KubernetesObject, type = "Ready"): Condition | undefined =>
  status?.conditions?.find((each: Condition) => each.type === type);

const isReady = (object: KubernetesObject): boolean => condition(object)?.status === "True";

/** At the commit or, as automations go on committing, at a later one. */
function isAt(sync: KubernetesObject, commit: string, { repository }: GitHost): boolean {
  const { observedGeneration, lastAppliedRevision = "" } = sync["status"] ?? {};
  if (observedGeneration !== sync.metadata["generation"]) return false;
  const applied = /[0-9a-f]{40}$/.exec(lastAppliedRevision)?.[0];
  return applied !== undefined && (applied === commit || repository.isAncestor(commit, applied));
}

async function syncStates(client: KubernetesClient): Promise<string> {
  const all = await client.list(syncs);
  return all
    .map((sync) => `${sync.metadata.name}: ${sync["status"]?.lastAppliedRevision} ${condition(sync)?.message}`)
    .join("\n");
}

function views(client: KubernetesClient, host: GitHost, logs: () => string) {
  async function reconcile(reference: Reference): Promise<void> {
    const at = new Date().toISOString();
    await client.merge(reference, { metadata: { annotations: { [requested]: at } } });
    const seen = async () => (await client.get(reference))?.["status"]?.lastHandledReconcileAt === at;
    await until({ what: `${reference.kind} ${reference.name} to be looked at`, state: logs }, seen);
  }
  return {
    reconcile,
    async follow(commit: string): Promise<void> {
      await reconcile(source);
      const state = async () => `${await syncStates(client)}\n${logs()}`;
      await until({ what: `every Kustomization at ${commit}`, within: 240, state }, async () => {
        const all = await client.list(syncs);
        return all.length > 0 && all.every((sync) => isReady(sync) && isAt(sync, commit, host));
      });
    },
    scan: (app: { readonly name: string; readonly namespace: string }) => reconcile({ ...images, ...app }),
    async image({ name, namespace }: { readonly name: string; readonly namespace: string }) {
      const deployment = await client.get({ apiVersion: "apps/v1", kind: "Deployment", name, namespace });
      const image: string | undefined = deployment?.["spec"].template.spec.containers[0].image;
      return image;
    },
  };
}

export async function startCluster({ folder, ...flux }: ClusterArgs): Promise<Cluster> {
  const { fleet, stage, host } = flux;
  const place = join(folder, stage.name);
  mkdirSync(place, { recursive: true });
  const kubernetes = await startKubernetes({ cluster: `${fleet.project}-${stage.name}`, folder: place });
  const { client, kubeconfigFile } = kubernetes;
  const rollouts = startRollouts(client);
  let controllers: Controllers | undefined;
  const close = async () => {
    await rollouts.stop();
    await controllers?.stop();
    await kubernetes.close();
  };
  try {
    const bootstrapped = bootstrap({ client, kubeconfigFile, ...flux });
    const started = startControllers({ client, kubeconfigFile, folder: place, env: host.env });
    const [ended, running] = await Promise.allSettled([bootstrapped, started]);
    if (running.status === "rejected") throw running.reason;
    const { value } = running;
    controllers = value;
    if (ended.status === "rejected") throw ended.reason;
    const own = { stage: stage.name, client, kubeconfigFile, controllers: value, close };
    return { ...own, ...views(client, host, () => value.logs(8)) };
  } catch (error) {
    await close();
    throw error;
  }
}
