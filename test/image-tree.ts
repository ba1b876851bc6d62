/** The smallest repository that has image automation: files by path, for stages and apps by name. */
import { stringify } from "yaml";

export interface TreeStage {
  readonly name: string;
  readonly pattern: string;
  readonly range: string;
  /** The tag that every app starts with. */
  readonly tag: string;
}

const number = "(0|[1-9][0-9]*)";
const version = `v${number}\\.${number}\\.${number}`;

export const seedStages: readonly TreeStage[] = [
  { name: "dev", pattern: `^${version}-develop\\.${number}$`, range: ">=0.0.0-0", tag: "v1.9.32-develop.2" },
  { name: "stage", pattern: `^${version}-stage\\.${number}$`, range: ">=0.0.0-0", tag: "v1.9.32-stage.1" },
  { name: "prod", pattern: `^${version}$`, range: ">=1.0.0", tag: "v1.9.31" },
];

type Fields = { readonly [name: string]: unknown };

const kustomization = (...resources: readonly string[]) =>
  stringify({ apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization", resources });

const flux = (kind: string, name: string, spec: Fields) =>
  stringify({
    apiVersion: `${kind === "GitRepository" ? "source" : "kustomize"}.toolkit.fluxcd.io/v1`,
    kind,
    metadata: { name, namespace: "flux-system" },
    spec,
  });

export const overlay = (app: string, { name, tag }: TreeStage) => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${app}
spec:
  replicas: 2 # of people
  template:
    spec:
      containers:
        - name: ${app}
          image: ghcr.io/acme/${app}:${tag} # {"$imagepolicy": "${app}:${app}-${name}"}
`;

export const messageTemplate = `chore({{ .Values.app }}/{{ .Values.stage }}):
{{- range .Changed.Changes }} {{ .OldValue }} -> {{ .NewValue }}{{ end }}

By {{ .AutomationObject }}
`;

function imageObjects(app: string, { name: stage, pattern, range }: TreeStage): { readonly [file: string]: string } {
  const object = (kind: string, name: string, spec: Fields) =>
    stringify({
      apiVersion: "image.toolkit.fluxcd.io/v1",
      kind,
      metadata: { name, namespace: app, labels: { app, stage } },
      spec,
    });
  const author = { name: `flux-${stage}`, email: `flux-${stage}@example.com` };
  return {
    "repository.yaml": object("ImageRepository", app, { image: `ghcr.io/acme/${app}`, interval: "5m" }),
    "policy.yaml": object("ImagePolicy", `${app}-${stage}`, {
      imageRepositoryRef: { name: app },
      filterTags: { pattern },
      policy: { semver: { range } },
    }),
    "automation.yaml": object("ImageUpdateAutomation", `${app}-${stage}`, {
      interval: "5m",
      sourceRef: { kind: "GitRepository", name: "flux-system-write", namespace: "flux-system" },
      policySelector: { matchLabels: { app, stage } },
      git: {
        checkout: { ref: { branch: "main" } },
        commit: { author, messageTemplateValues: { app, stage }, messageTemplate },
        push: { branch: "main" },
      },
      update: { path: `./apps/${app}/${stage}`, strategy: "Setters" },
    }),
  };
}

function stageTree(stage: TreeStage, apps: readonly string[]): { readonly [path: string]: string } {
  const cluster = `clusters/${stage.name}`;
  const images = `${cluster}/infrastructure/image-updater`;
  const sourceRef = { kind: "GitRepository", name: "flux-system" };
  const updater = { interval: "10m", path: `./${images}`, prune: true, sourceRef };
  const files = apps.flatMap((app) => [
    [`apps/${app}/${stage.name}/deployment-patch.yaml`, overlay(app, stage)],
    [`${images}/${app}/kustomization.yaml`, kustomization("repository.yaml", "policy.yaml", "automation.yaml")],
    ...Object.entries(imageObjects(app, stage)).map(([file, text]) => [`${images}/${app}/${file}`, text]),
  ]);
  return {
    [`${cluster}/kustomization.yaml`]: kustomization("flux-system", "image-updater.yaml"),
    [`${cluster}/flux-system/kustomization.yaml`]: kustomization("gotk-sync.yaml"),
    [`${cluster}/flux-system/gotk-sync.yaml`]: "",
    [`${cluster}/image-updater.yaml`]: flux("Kustomization", "image-updater", updater),
    [`${images}/kustomization.yaml`]: kustomization("source.yaml", ...apps),
    [`${images}/source.yaml`]: flux("GitRepository", "flux-system-write", { url: "ssh://git@example.com/acme/gitops" }),
    ...Object.fromEntries(files),
  };
}

export const imageTree = (apps: readonly string[] = ["blog"]): { readonly [path: string]: string } =>
  Object.assign({}, ...seedStages.map((stage) => stageTree(stage, apps)));
