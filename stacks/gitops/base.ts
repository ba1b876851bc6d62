import type { apps, core } from "@pulumi/kubernetes/types/input.js";
import type { App, Probe, Skeleton } from "../config/fleet.ts";
import { baseIngress, ingressProtocols } from "./ingress.ts";
import { wholeFolder } from "./kustomize.ts";
import { basePath } from "./names.ts";
import type { KubeObject, Manifests } from "./yaml.ts";

const labels = (app: App) => ({ "app.kubernetes.io/name": app.name });

/**
 * What the restricted Pod Security Standard wants beyond baseline, which has what an app of unknown kind survives
 * (https://kubernetes.io/docs/concepts/security/pod-security-standards/). Neither asks for a read-only file system.
 */
function securityContexts({ security, user }: Skeleton) {
  const isRestricted = security === "restricted";
  return {
    pod: {
      ...(isRestricted ? { runAsNonRoot: true } : {}),
      ...(user === undefined ? {} : { runAsUser: user }),
      seccompProfile: { type: "RuntimeDefault" },
    } satisfies core.v1.PodSecurityContext,
    container: {
      allowPrivilegeEscalation: false,
      ...(isRestricted ? { capabilities: { drop: ["ALL"] } } : {}),
    } satisfies core.v1.SecurityContext,
  };
}

const handler = ({ path, ...timing }: Probe): core.v1.Probe => ({
  ...(path === undefined ? { tcpSocket: { port: "http" } } : { httpGet: { path, port: "http" } }),
  ...timing,
});

const probes = ({ readiness, liveness, startup }: Skeleton["probes"]) => ({
  ...(startup ? { startupProbe: handler(startup) } : {}),
  readinessProbe: handler(readiness),
  ...(liveness ? { livenessProbe: handler(liveness) } : {}),
});

function podSpec(app: App, skeleton: Skeleton) {
  const { pod, container } = securityContexts(skeleton);
  return {
    automountServiceAccountToken: false,
    // Kubernetes' BLOG_PORT=tcp://… would overrule an app's own variable of that name.
    enableServiceLinks: false,
    securityContext: pod,
    containers: [
      {
        name: app.name,
        image: `${app.image}:${app.baseTag}`,
        ports: [{ name: "http", containerPort: skeleton.ports.container }],
        ...probes(skeleton.probes),
        securityContext: container,
      },
    ],
  } satisfies core.v1.PodSpec;
}

function deployment(app: App, skeleton: Skeleton): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: app.name, labels: labels(app) },
    spec: {
      selector: { matchLabels: labels(app) },
      template: { metadata: { labels: labels(app) }, spec: podSpec(app, skeleton) },
    },
  } satisfies apps.v1.Deployment;
}

function service(app: App, { ports }: Skeleton): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: app.name, labels: labels(app) },
    spec: { selector: labels(app), ports: [{ name: "http", port: ports.service, targetPort: "http" }] },
  } satisfies core.v1.Service;
}

/**
 * What an app's stages share: from shared facts only, so that every stage renders the same bytes, and without a marker,
 * which every stage's automation would find. An external base is people's: no file of it is ours.
 */
export function base(app: App): Manifests {
  if (app.base.kind === "external") return [];
  return wholeFolder(basePath(app.name), [
    ["deployment.yaml", [deployment(app, app.base)]],
    ["service.yaml", [service(app, app.base)]],
    ...ingressProtocols(app).map((each) => [`ingress-${each}.yaml`, [baseIngress(app, each)]] as const),
  ]);
}
