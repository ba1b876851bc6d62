import type { App, Repository } from "../config/fleet.ts";
import { type TagPolicy, tagPolicy } from "../config/tags/channel.ts";
import { inFolder, kustomize, wholeFolder } from "./kustomize.ts";
import {
  allowDowngradeAnnotation,
  automationAuthor,
  fluxNamespace,
  imageUpdaterPath,
  overlayPath,
  policyName,
  pushBranch,
  writeSource,
} from "./names.ts";
import type { Target } from "./target.ts";
import type { KubeObject, Manifests } from "./yaml.ts";

const labels = (app: App, { stage }: Target) => ({ app: app.name, stage: stage.name });

function imageRepository(app: App, target: Target): KubeObject {
  return {
    apiVersion: target.api.image,
    kind: "ImageRepository",
    metadata: { name: app.name, namespace: app.namespace, labels: labels(app, target) },
    spec: {
      image: app.image,
      interval: "10m",
      timeout: "60s",
      provider: "generic",
      ...(app.pullSecret ? { secretRef: { name: app.pullSecret } } : {}),
      // A list replaces Flux's default, its first entry here.
      exclusionList: ["^.*\\.sig$", "^sha256-.*\\.(att|sbom)$", ...app.exclude],
    },
  };
}

function selection(policy: TagPolicy) {
  const { pattern, extract } = policy;
  return {
    filterTags: { pattern, ...(extract ? { extract } : {}) },
    policy: "range" in policy ? { semver: { range: policy.range } } : { [policy.kind]: { order: policy.order } },
  };
}

/** Flux takes an interval with Always only, and wants one there (api/v1/imagepolicy_types.go). */
function digests({ digest }: App) {
  if (digest === "Never") return {};
  return { digestReflectionPolicy: digest, ...(digest === "Always" ? { interval: "10m" } : {}) };
}

function imagePolicy(app: App, target: Target): KubeObject {
  return {
    apiVersion: target.api.image,
    kind: "ImagePolicy",
    metadata: {
      name: policyName(app.name, target.stage.name),
      namespace: app.namespace,
      labels: labels(app, target),
      ...(app.allowDowngrade ? { annotations: { [allowDowngradeAnnotation]: app.allowDowngrade } } : {}),
    },
    spec: {
      imageRepositoryRef: { name: app.name },
      ...selection(tagPolicy(target.stage.channel)),
      ...digests(app),
    },
  };
}

/** Only fields that Flux still has: with `.Updated` an automation stalls at its first update (2.7 and later). */
const messageTemplate = `Update {{ .Values.app }} in {{ .Values.stage }}

Automation: {{ .AutomationObject }}

Images:
{{- range .Changed.Changes }}
- {{ .OldValue }} -> {{ .NewValue }}
{{- end }}
`;

/** A minute and up to 29 s, by name: automations that push one branch at the same moment lose races (IAC#939). */
function interval(name: string): string {
  const sum = [...name].reduce((hash, character) => (hash * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003, 0);
  return `${60 + (sum % 30)}s`;
}

/**
 * Checkout and push branch are both set, and equal for a direct commit: a branch that Flux takes for another one is
 * force-pushed. So no two automations share the branch of a pull request (fluxcd/image-automation-controller#450).
 */
function gitSettings(app: App, { repository: { branch }, stage }: Target) {
  return {
    checkout: { ref: { branch } },
    commit: {
      author: automationAuthor,
      messageTemplateValues: { app: app.name, stage: stage.name },
      messageTemplate,
    },
    push: { branch: app.rollout === "direct" ? branch : pushBranch(app.name, stage.name) },
  };
}

function imageUpdateAutomation(app: App, target: Target): KubeObject {
  const { name } = target.stage;
  return {
    apiVersion: target.api.image,
    kind: "ImageUpdateAutomation",
    metadata: { name: policyName(app.name, name), namespace: app.namespace, labels: labels(app, target) },
    spec: {
      interval: interval(overlayPath(app.name, name)),
      sourceRef: { kind: "GitRepository", name: writeSource, namespace: fluxNamespace },
      policySelector: { matchLabels: labels(app, target) },
      git: gitSettings(app, target),
      // Without a path every marker of the repository is rewritten, other stages' too.
      update: { path: `./${overlayPath(app.name, name)}`, strategy: "Setters" },
      // The line has no marker then; this is for the branch of a pull request, and for people who ask the cluster.
      ...(app.promotion.kind === "automatic" ? {} : { suspend: true }),
    },
  };
}

/** By default bootstrap's credential serves both sources: it is the stage's read-write deploy key, or its token. */
function imageWriteRepo({ write, branch }: Repository, apiVersion: string): KubeObject {
  const { url, secret, provider } = write;
  return {
    apiVersion,
    kind: "GitRepository",
    metadata: { name: writeSource, namespace: fluxNamespace },
    // Automation clones by itself and never reads the artifact, so fetching one is rarely of use.
    spec: {
      interval: "1h",
      timeout: "60s",
      url,
      ref: { branch },
      ...(provider === "github" ? { provider } : {}),
      secretRef: { name: secret },
    },
  };
}

/** Everything by which a new tag of one app becomes a commit: all objects in the app's namespace. */
export function appImages(app: App, target: Target): Manifests {
  const at = `${imageUpdaterPath(target.stage.path)}/${app.name}`;
  return wholeFolder(at, [
    ["image-repository.yaml", [imageRepository(app, target)]],
    ["image-policy.yaml", [imagePolicy(app, target)]],
    ["image-update-automation.yaml", [imageUpdateAutomation(app, target)]],
  ]);
}

/** What the folders of all apps share, which `appImages` fills. */
export function imageUpdater(target: Target): Manifests {
  const { path, apps } = target.stage;
  const source = "image-write-repo.yaml";
  return inFolder(imageUpdaterPath(path), [
    [source, [imageWriteRepo(target.repository, target.api.source)]],
    ["kustomization.yaml", [kustomize({ resources: [source, ...apps.map(({ name }) => name)] })]],
  ]);
}
