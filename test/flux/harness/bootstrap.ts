/**
 * What `flux bootstrap git` does with a stage's cluster, by its order (fluxcd/flux2 pkg/bootstrap): commits the
 * components, applies what kustomize makes of them with the program's patches, creates the Secret, commits and applies
 * the sync. A STAND-IN for the flux binary; what it commits and applies is the real thing.
 */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { syncText } from "../../../sandbox/node/manifests.ts";
import type { Stage } from "../../../stacks/config/fleet.ts";
import { kustomize } from "./built-objects.ts";
import type { KubernetesClient, KubernetesObject } from "./client.ts";
import { fluxComponents } from "./components.ts";
import type { GitHost } from "./git-host.ts";
import { until } from "./until.ts";

export interface BootstrapArgs {
  readonly client: KubernetesClient;
  readonly host: GitHost;
  readonly stage: Stage;
  /** Secret keys for SOPS: `age.agekey`. */
  readonly ageKey?: string;
  /** Makes of the sync that flux writes what is committed. */
  readonly written?: (text: string) => string;
}

const namespace = "flux-system";

function secret(name: string, stringData: { readonly [key: string]: string }): KubernetesObject {
  return { apiVersion: "v1", kind: "Secret", metadata: { name, namespace }, stringData };
}

/** Definitions and namespaces first, as every applier does it. */
export async function applyAll(client: KubernetesClient, objects: readonly KubernetesObject[]): Promise<void> {
  const order = ({ kind }: KubernetesObject) => ["Namespace", "CustomResourceDefinition"].indexOf(kind);
  const first = objects.filter((object) => order(object) >= 0).toSorted((a, b) => order(a) - order(b));
  for (const object of first) await client.apply(object);
  await until({ what: "the CRDs to be served" }, () => client.established());
  for (const object of objects.filter((each) => order(each) < 0)) await client.apply(object);
}

export async function bootstrap({
  client,
  host,
  stage,
  ageKey,
  written = (text) => text,
}: BootstrapArgs): Promise<void> {
  const { repository, url, credential } = host;
  const folder = `${stage.path}/flux-system`;
  const command = { url, branch: "main", path: stage.path, version: "v2.9.4", components: [] };
  repository.edit({ [`${folder}/gotk-components.yaml`]: await fluxComponents() });
  const built = async () => {
    const clone = mkdtempSync(join(repository.folder, "bootstrap-"));
    repository.git("worktree", "add", "--detach", "--quiet", clone, "main");
    return kustomize(join(clone, folder));
  };
  await applyAll(client, await built());
  await client.apply(secret(namespace, credential));
  if (ageKey) await client.apply(secret("sops-age", { "age.agekey": ageKey }));
  repository.edit({ [`${folder}/gotk-sync.yaml`]: written(syncText(command)) });
  await applyAll(client, await built());
}
