/**
 * How a stage's cluster gets its Flux: `pulumi up` hands over namespaces and Secrets, its first server's script runs
 * `flux bootstrap`, and the controllers start as their Deployments come.
 */
import { parseAllDocuments } from "yaml";
import { clusterSecrets, namespacesOf, type Source } from "../../../stacks/access/cluster-secrets.ts";
import type { Fleet, Stage } from "../../../stacks/config/fleet.ts";
import type { KubernetesClient, KubernetesObject } from "./client.ts";
import { type FirstServer, firstServer } from "./first-server.ts";
import type { GitHost } from "./git-host.ts";
import { until } from "./until.ts";

export interface HandedOver {
  readonly client: KubernetesClient;
  readonly fleet: Fleet;
  readonly stage: Stage;
  readonly host: Pick<GitHost, "credential">;
  /** The stage's secret `ageKey`. */
  readonly ageKey: string;
}

export interface BootstrapArgs extends Omit<HandedOver, "host"> {
  readonly host: GitHost;
  readonly kubeconfigFile: string;
  /** Makes of the sync that flux writes what is committed. */
  readonly written?: (text: string) => string;
  /** Lets the first server run; once, if not given. */
  readonly run?: (server: FirstServer) => ReturnType<FirstServer["run"]>;
}

/** Definitions and namespaces first, as every applier does it. */
export async function applyAll(client: KubernetesClient, objects: readonly KubernetesObject[]): Promise<void> {
  const order = ({ kind }: KubernetesObject) => ["Namespace", "CustomResourceDefinition"].indexOf(kind);
  const first = objects.filter((object) => order(object) >= 0).toSorted((a, b) => order(a) - order(b));
  for (const object of first) await client.apply(object);
  await until({ what: "the CRDs to be served" }, () => client.established());
  for (const object of objects.filter((each) => order(each) < 0)) await client.apply(object);
}

const secret = (metadata: KubernetesObject["metadata"], stringData: object, type = "Opaque"): KubernetesObject => ({
  ...{ apiVersion: "v1", kind: "Secret", metadata, type, stringData },
});

/** What stacks/access/in-cluster.ts declares of a stage: the same objects, in its order. */
export async function handOver({ client, fleet, stage, host, ageKey }: HandedOver): Promise<void> {
  const value = (source: Source): string => {
    if (source.kind === "text") return source.text;
    return source.secret === "ageKey" ? ageKey : "of-nobody";
  };
  const wanted = clusterSecrets(fleet, stage, { network: stage.name, write: false });
  for (const name of namespacesOf(wanted)) {
    await client.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }
  for (const { namespace, name, type, data } of wanted) {
    const values = Object.entries(data).map(([key, source]) => [key, value(source)]);
    await client.apply(secret({ namespace, name }, Object.fromEntries(values), type));
  }
  for (const name of ["flux-bootstrap", "flux-system"])
    await client.apply(secret({ namespace: "flux-system", name }, host.credential));
}

/** By the server's own script; controllers are somebody else's to start. @throws Error with what the server said */
export async function bootstrap(args: BootstrapArgs): Promise<void> {
  const { client, fleet, stage, host, kubeconfigFile, written, run = (one) => one.run() } = args;
  await handOver(args);
  const server = await firstServer({ fleet, stage, kubeconfigFile, env: host.env });
  try {
    const { code, stdout, stderr } = await run(server);
    if (code !== 0) throw new Error(`the first server of ${stage.name} gave up:\n${stdout}${stderr}`);
  } finally {
    server.remove();
  }
  const path = `${stage.path}/flux-system/gotk-sync.yaml`;
  const text = host.repository.read(path);
  if (!written || written(text) === text) return;
  host.repository.edit({ [path]: written(text) });
  await applyAll(
    client,
    parseAllDocuments(written(text)).map((document) => document.toJS()),
  );
}
