import type { core } from "@pulumi/kubernetes/types/input.js";
import type { App, Resources } from "../config/fleet.ts";
import { marked } from "../yaml/write.ts";
import { ingressPatch, ingressProtocols } from "./ingress.ts";
import { inFolder, kustomize } from "./kustomize.ts";
import { overlayPath, policyName } from "./names.ts";
import { additions } from "./patches.ts";
import type { KubeObject, Manifests } from "./yaml.ts";

/** By key, so that the order in which people write does not reach a file. */
const entries = <T>(record: { readonly [key: string]: T }): readonly (readonly [string, T])[] =>
  Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1));

function environment(app: App) {
  const env = entries(app.env).map(([name, value]) => ({ name, value }));
  return (env.length > 0 ? { env } : {}) satisfies core.v1.ContainerPatch;
}

function resources({ requests, limits }: Resources) {
  return {
    resources: {
      ...(requests ? { requests: Object.fromEntries(entries(requests)) } : {}),
      ...(limits ? { limits: Object.fromEntries(entries(limits)) } : {}),
    },
  } satisfies core.v1.ContainerPatch;
}

/** In the overlay, so that it serves an external base too; kustomize merges the list by name. */
const pullSecrets = ({ pullSecret }: App) => (pullSecret ? { imagePullSecrets: [{ name: pullSecret }] } : {});

/**
 * A strategic merge patch: Flux's setter does not read JSON 6902 lists or inline patches (fluxcd/flux2#2826).
 * Where the tag is held or pinned the marker is none of Flux's, so that from this very commit on no automation moves it: a
 * changed policy would come into force minutes later, and until then the old one would write its tag back.
 */
function deploymentPatch(app: App, stage: string): KubeObject {
  const { promotion } = app;
  const frozen = promotion.kind === "automatic" ? undefined : promotion.kind;
  const marker = { namespace: app.namespace, policy: policyName(app.name, stage), frozen };
  const tag = promotion.kind === "pinned" ? promotion.tag : app.tag;
  const container = {
    name: app.base.kind === "external" ? app.base.container : app.name,
    image: marked(`${app.image}:${tag}`, marker),
    ...environment(app),
    ...(app.resources ? resources(app.resources) : {}),
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: app.name },
    spec: { replicas: app.replicas, template: { spec: { ...pullSecrets(app), containers: [container] } } },
  };
}

/** What one stage has of its own. No `images:` beside the marked line, over which it would win. */
export function overlay(app: App, stage: string): Manifests {
  const ingresses = ingressProtocols(app).map(
    (each) => [`ingress-${each}-patch.yaml`, ingressPatch(app, each)] as const,
  );
  const patches = [["deployment-patch.yaml", deploymentPatch(app, stage)] as const, ...ingresses];
  const added = additions(app);
  const list = kustomize({
    namespace: app.namespace,
    resources: ["../base", ...app.manifests],
    patches: [...patches.map(([path]) => ({ path })), ...added.patches],
  });
  const files = [...patches, ...added.files, ["kustomization.yaml", list] as const];
  return inFolder(
    overlayPath(app.name, stage),
    files.map(([file, object]) => [file, [object]]),
  );
}
