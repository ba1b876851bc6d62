import type { Edits } from "./sources.ts";

/** The seed with everything on that a cluster can run beside its apps, and with what people add. */
export const everything: Edits = {
  "Pulumi.yaml": {
    "infrastructure.hcloud-csi": { values: { node: { kubeletDir: "/var/lib/kubelet" } } },
    "infrastructure.charts": {
      redis: {
        url: "https://charts.example.com",
        version: "1.2.3",
        values: { replicas: 1, auth: { enabled: true, users: ["a", "b"] } },
      },
      queue: { url: "oci://ghcr.io/acme/charts/queue", version: "2.0.0", namespace: "redis", dependsOn: ["redis"] },
    },
    "infrastructure.traefik": { values: { additionalArguments: ["--accesslog=true"] } },
    "infrastructure.issuers": ["internal-ca"],
    "infrastructure.kustomizations": { monitoring: { path: "monitoring", targetNamespace: "monitoring" } },
    notifications: {
      providers: {
        chat: { type: "slack", channel: "deployments", secret: "slack", stages: ["prod"] },
        commits: { type: "github", address: "https://github.com/acme/gitops", secret: "github-token" },
      },
      receivers: {
        git: { watches: "git", type: "github", secret: "webhook-token" },
        packages: { watches: "images", type: "github", secret: "webhook-token" },
        registry: { watches: "images", type: "dockerhub", secret: "webhook-token" },
      },
    },
  },
  "Pulumi.dev.yaml": { "cluster.cloudProvider": "none" },
  "Pulumi.stage.yaml": { "cluster.cloudProvider": "none" },
  "Pulumi.prod.yaml": {
    "cluster.cloudProvider": "none",
    charts: {
      traefik: { values: { deployment: { replicas: 3 } } },
      redis: { values: { replicas: 3, auth: { users: ["c"] } } },
    },
    kustomizations: {
      backup: { path: "clusters/production/backup", dependsOn: ["charts", "monitoring"], interval: "1h", wait: false },
    },
    webhooks: { host: "flux.example.com", issuer: "internal-ca" },
    "overrides.blog.manifests": ["volume.yaml"],
    "overrides.blog.patches": [
      {
        patch: {
          spec: {
            template: { spec: { priorityClassName: "high", containers: [{ name: "sidecar", image: "busybox" }] } },
          },
          metadata: { name: "blog" },
          kind: "Deployment",
          apiVersion: "apps/v1",
        },
      },
      {
        target: { kind: "Service", name: "blog" },
        patch: [{ op: "add", path: "/metadata/annotations", value: { note: "it's: yes" } }],
      },
      { target: { kind: "Ingress" }, file: "mine.yaml" },
    ],
  },
};
