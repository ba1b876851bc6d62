import type { networking } from "@pulumi/kubernetes/types/input.js";
import type { App, Protocol } from "../config/fleet.ts";
import type { KubeObject } from "./yaml.ts";

const apiVersion = "networking.k8s.io/v1";

/** In the order in which files list them, whatever the configuration's order. */
const protocols: readonly Protocol[] = ["http", "https"];

export const ingressProtocols = (app: App): readonly Protocol[] =>
  protocols.filter((each) => app.ingress.includes(each));

const ingressName = (app: App, protocol: Protocol): string => `${app.name}-${protocol}`;

/** For k3s's Traefik, whose entry points web and websecure are ports 80 and 443. */
function annotations(app: App, protocol: Protocol) {
  const entryPoint = "traefik.ingress.kubernetes.io/router.entrypoints";
  if (protocol === "http") return { [entryPoint]: "web" };
  return {
    [entryPoint]: "websecure",
    "traefik.ingress.kubernetes.io/router.tls": "true",
    ...(app.issuer ? { "cert-manager.io/cluster-issuer": app.issuer } : {}),
  };
}

function routes(app: App, protocol: Protocol, hosts: readonly string[]) {
  const backend = { service: { name: app.name, port: { name: "http" } } };
  const rules = hosts.map((host) => ({ host, http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }));
  return protocol === "http" ? { rules } : { tls: [{ hosts: [...hosts], secretName: `${app.name}-tls` }], rules };
}

/** The base's Ingress. Its host cannot exist (RFC 2606), so a base applied by itself serves nobody. */
export function baseIngress(app: App, protocol: Protocol): KubeObject {
  return {
    apiVersion,
    kind: "Ingress",
    metadata: {
      name: ingressName(app, protocol),
      labels: { "app.kubernetes.io/name": app.name },
      annotations: annotations(app, protocol),
    },
    spec: { ingressClassName: "traefik", ...routes(app, protocol, [`${app.name}.invalid`]) },
  } satisfies networking.v1.Ingress;
}

/** A stage's hosts. A patch replaces the lists `rules` and `tls` as a whole; without hosts it removes the Ingress. */
export function ingressPatch(app: App, protocol: Protocol): KubeObject {
  const hosts = app.hosts[protocol];
  const target = { apiVersion, kind: "Ingress", metadata: { name: ingressName(app, protocol) } };
  return hosts.length > 0
    ? { ...target, spec: routes(app, protocol, hosts) satisfies networking.v1.IngressSpecPatch }
    : { ...target, $patch: "delete" };
}
