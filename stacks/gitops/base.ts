import type { App, Base } from "../config/fleet.ts";
import { baseIngress, ingressProtocols } from "./ingress.ts";
import { kustomize } from "./kustomize.ts";
import { basePath } from "./names.ts";
import type { KubeObject, Manifests } from "./yaml.ts";

const labels = (app: App) => ({ "app.kubernetes.io/name": app.name });

type Rendered = Extract<Base, { kind: "rendered" }>;

/** As strict as an app of unknown kind survives: no dropped capability, no enforced user, a writable file system. */
function podSpec(app: App, { ports }: Rendered) {
  return {
    automountServiceAccountToken: false,
    // Kubernetes' BLOG_PORT=tcp://… would overrule an app's own variable of that name.
    enableServiceLinks: false,
    securityContext: { seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      {
        name: app.name,
        image: `${app.image}:${app.baseTag}`,
        ports: [{ name: "http", containerPort: ports.container }],
        readinessProbe: { tcpSocket: { port: "http" } },
        securityContext: { allowPrivilegeEscalation: false },
      },
    ],
  };
}

function deployment(app: App, rendered: Rendered): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: app.name, labels: labels(app) },
    spec: {
      selector: { matchLabels: labels(app) },
      template: { metadata: { labels: labels(app) }, spec: podSpec(app, rendered) },
    },
  };
}

function service(app: App, { ports }: Rendered): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: app.name, labels: labels(app) },
    spec: { selector: labels(app), ports: [{ name: "http", port: ports.service, targetPort: "http" }] },
  };
}

/**
 * What an app's stages share: from shared facts only, so that every stage renders the same bytes, and without a marker,
 * which every stage's automation would find. An external base is people's: no file of it is ours.
 */
export function base(app: App): Manifests {
  if (app.base.kind === "external") return {};
  const at = basePath(app.name);
  const protocols = ingressProtocols(app);
  const ingresses = protocols.map((each) => [`${at}/ingress-${each}.yaml`, [baseIngress(app, each)]] as const);
  const resources = ["deployment.yaml", "service.yaml", ...protocols.map((each) => `ingress-${each}.yaml`)];
  return {
    [`${at}/deployment.yaml`]: [deployment(app, app.base)],
    [`${at}/service.yaml`]: [service(app, app.base)],
    ...Object.fromEntries(ingresses),
    [`${at}/kustomization.yaml`]: [kustomize({ resources })],
  };
}
