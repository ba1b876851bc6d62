/** The kinds that this stand-in knows, and where its API serves them. */
export interface Kind {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Comes with Flux: unknown until it is installed. */
  readonly flux: boolean;
}

const flux = ".toolkit.fluxcd.io";

/** `group/version`, the resource, its kind, and whether it belongs to no namespace. */
const rows: readonly (readonly [string, string, string, "cluster"?])[] = [
  ["/v1", "namespaces", "Namespace", "cluster"],
  ["/v1", "nodes", "Node", "cluster"],
  ["/v1", "persistentvolumes", "PersistentVolume", "cluster"],
  ["/v1", "persistentvolumeclaims", "PersistentVolumeClaim"],
  ["/v1", "secrets", "Secret"],
  ["/v1", "configmaps", "ConfigMap"],
  ["/v1", "services", "Service"],
  ["/v1", "pods", "Pod"],
  ["apps/v1", "deployments", "Deployment"],
  ["helm.cattle.io/v1", "helmcharts", "HelmChart"],
  [`source${flux}/v1`, "gitrepositories", "GitRepository"],
  [`kustomize${flux}/v1`, "kustomizations", "Kustomization"],
  [`image${flux}/v1`, "imagepolicies", "ImagePolicy"],
];

export const kinds: readonly Kind[] = rows.map(([api, resource, kind, scope]) => {
  const [group = "", version = ""] = api.split("/");
  return { group, version, resource, kind, namespaced: scope === undefined, flux: group.endsWith(flux) };
});

/** What a path of the API means. */
export interface Place {
  readonly kind: Kind;
  readonly namespace: string | undefined;
  /** None for all objects of the kind. */
  readonly name: string | undefined;
}

/** `/api/v1/…` or `/apis/<group>/<version>/…`; `undefined` for what the API does not serve. */
export function placeOf(path: string): Place | undefined {
  const [, group = "", version, rest = ""] = /^\/(?:api|apis\/([^/]+))\/(v[^/]+)\/(.+)$/.exec(path) ?? [];
  const parts = rest.split("/").map(decodeURIComponent);
  const inNamespace = parts[0] === "namespaces" && parts.length > 2;
  const [resource, name, ...more] = inNamespace ? parts.slice(2) : parts;
  const found = kinds.find((each) => each.group === group && each.version === version && each.resource === resource);
  if (!found || more.length > 0 || (inNamespace && !found.namespaced)) return undefined;
  return { kind: found, namespace: inNamespace ? parts[1] : undefined, name };
}
