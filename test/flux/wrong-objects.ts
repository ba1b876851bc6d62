/** One mistake each in an object that is rendered otherwise: what the API server must refuse, and in which words. */
export interface Wrong {
  readonly mistake: string;
  readonly kind: string;
  /** Path in the object; `undefined` removes what is there. */
  readonly set: readonly (readonly [path: string, value: unknown])[];
  readonly words: RegExp;
}

export const wrongObjects: readonly Wrong[] = [
  {
    mistake: "a field that does not exist",
    kind: "ImageRepository",
    set: [["spec.intervall", "10m"]],
    words: /spec\.intervall: field not declared in schema/,
  },
  {
    mistake: "a timeout in hours",
    kind: "ImageRepository",
    set: [["spec.timeout", "1h"]],
    words: /spec\.timeout in body should match/,
  },
  {
    mistake: "more exclusions than Flux takes",
    kind: "ImageRepository",
    set: [["spec.exclusionList", Array.from({ length: 26 }, (_, index) => `^x${index}$`)]],
    words: /spec\.exclusionList: Too many: 26/,
  },
  {
    mistake: "a provider of registries that there is not",
    kind: "ImageRepository",
    set: [["spec.provider", "dockerhub"]],
    words: /spec\.provider: Unsupported value/,
  },
  {
    mistake: "no image repository",
    kind: "ImagePolicy",
    set: [["spec.imageRepositoryRef", undefined]],
    words: /spec\.imageRepositoryRef: Required value/,
  },
  {
    mistake: "a digest that is always looked at, at no interval (CEL)",
    kind: "ImagePolicy",
    set: [["spec.digestReflectionPolicy", "Always"]],
    words: /spec\.interval must be set when spec\.digestReflectionPolicy is set to 'Always'/,
  },
  {
    mistake: "an interval beside a digest that is looked at once (CEL)",
    kind: "ImagePolicy",
    set: [
      ["spec.digestReflectionPolicy", "IfNotPresent"],
      ["spec.interval", "10m"],
    ],
    words: /spec\.interval is only accepted when spec\.digestReflectionPolicy is set to 'Always'/,
  },
  {
    mistake: "a strategy that there is not",
    kind: "ImageUpdateAutomation",
    set: [["spec.update.strategy", "Replace"]],
    words: /spec\.update\.strategy: Unsupported value/,
  },
  {
    mistake: "an author without an address",
    kind: "ImageUpdateAutomation",
    set: [["spec.git.commit.author.email", undefined]],
    words: /spec\.git\.commit\.author\.email: Required value/,
  },
  {
    mistake: "a source that holds no Git",
    kind: "ImageUpdateAutomation",
    set: [["spec.sourceRef.kind", "OCIRepository"]],
    words: /spec\.sourceRef\.kind: Unsupported value/,
  },
  {
    mistake: "a URL in scp form",
    kind: "GitRepository",
    set: [["spec.url", "git@github.com:acme/gitops"]],
    words: /spec\.url in body should match/,
  },
  {
    mistake: "a GitHub App without the name of its provider in lower case",
    kind: "GitRepository",
    set: [["spec.provider", "GitHub"]],
    words: /spec\.provider: Unsupported value/,
  },
  {
    mistake: "no word on what happens to objects that are gone",
    kind: "Kustomization",
    set: [["spec.prune", undefined]],
    words: /spec\.prune: Required value/,
  },
  {
    mistake: "an interval in words",
    kind: "Kustomization",
    set: [["spec.interval", "5 minutes"]],
    words: /spec\.interval in body should match/,
  },
  {
    mistake: "a decryption that is not SOPS",
    kind: "Kustomization",
    set: [["spec.decryption", { provider: "age" }]],
    words: /spec\.decryption\.provider: Unsupported value/,
  },
  {
    mistake: "a dependency by its bare name",
    kind: "Kustomization",
    set: [["spec.dependsOn", ["infrastructure"]]],
    words: /spec\.dependsOn/,
  },
  {
    mistake: "a chart and a reference to one (CEL)",
    kind: "HelmRelease",
    set: [
      ["spec.chartRef", { kind: "OCIRepository", name: "redis" }],
      ["spec.chart", { spec: { chart: "redis", sourceRef: { kind: "HelmRepository", name: "redis" } } }],
    ],
    words: /either chart or chartRef must be set/,
  },
  {
    mistake: "an address that is no registry",
    kind: "OCIRepository",
    set: [["spec.url", "https://ghcr.io/acme/charts/queue"]],
    words: /spec\.url in body should match/,
  },
  {
    mistake: "a file where a Helm repository is meant",
    kind: "HelmRepository",
    set: [["spec.url", "file:///charts"]],
    words: /spec\.url in body should match/,
  },
  {
    mistake: "a sender that Flux does not know",
    kind: "Receiver",
    set: [["spec.type", "gitea"]],
    words: /spec\.type: Unsupported value/,
  },
  {
    mistake: "a webhook that is about nothing",
    kind: "Receiver",
    set: [["spec.resources", undefined]],
    words: /spec\.resources: Required value/,
  },
  {
    mistake: "a severity that there is not",
    kind: "Alert",
    set: [["spec.eventSeverity", "warning"]],
    words: /spec\.eventSeverity: Unsupported value/,
  },
  {
    mistake: "a messenger that Flux does not know",
    kind: "Provider",
    set: [["spec.type", "signal"]],
    words: /spec\.type: Unsupported value|spec\.type/,
  },
  {
    mistake: "a selector that its own pods do not match",
    kind: "Deployment",
    set: [["spec.template.metadata.labels", { app: "other" }]],
    words: /`selector` does not match template `labels`|selector.*does not match/,
  },
  {
    mistake: "a word where a truth value is meant",
    kind: "Deployment",
    set: [["spec.template.spec.securityContext", { runAsNonRoot: "yes" }]],
    words: /runAsNonRoot/,
  },
  {
    mistake: "fewer than no replicas",
    kind: "Deployment",
    set: [["spec.replicas", -1]],
    words: /spec\.replicas: Invalid value: -1/,
  },
  {
    mistake: "a port beyond the last",
    kind: "Service",
    set: [["spec.ports", [{ name: "http", port: 70000, targetPort: "http" }]]],
    words: /spec\.ports\[0\]\.port: Invalid value: 70000/,
  },
  {
    mistake: "a host with a scheme",
    kind: "Ingress",
    set: [["spec.rules", [{ host: "https://blog.example.com" }]]],
    words: /spec\.rules\[0\]\.host: Invalid value/,
  },
  {
    mistake: "a name with an underscore",
    kind: "Namespace",
    set: [["metadata.name", "other_app"]],
    words: /metadata\.name: Invalid value/,
  },
  {
    mistake: "a solver in the wrong place",
    kind: "ClusterIssuer",
    set: [["spec.acme.solver", {}]],
    words: /spec\.acme\.solver: field not declared in schema/,
  },
  {
    mistake: "an API version that Flux has left behind",
    kind: "ImagePolicy",
    set: [["apiVersion", "image.toolkit.fluxcd.io/v1beta1"]],
    words: /404|serves no/,
  },
];
