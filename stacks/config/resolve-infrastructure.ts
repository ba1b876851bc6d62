import type { Chart, Folder, Infrastructure, Patch, Provider, Receiver, Values } from "./infrastructure.ts";
import { certManager, certManagerValues, hcloudCsi, hcloudCsiValues, traefik } from "./releases/presets.ts";
import type { ChartKeys, KustomizationKeys, PatchKeys } from "./schema/infrastructure.ts";
import type { ProjectKeys, StackKeys } from "./schema/schema.ts";

type Shared = Pick<ProjectKeys, "repository" | "infrastructure" | "notifications">;

const byName = <T extends { readonly name: string }>(a: T, b: T): number => (a.name < b.name ? -1 : 1);

const isMapping = (value: unknown): value is Values =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** As Helm merges values: mappings key by key, everything else replaced as a whole. */
export function merged(shared: Values, own: Values): Values {
  const entries = Object.entries(own).map(([key, value]) => {
    const below = shared[key];
    return [key, isMapping(below) && isMapping(value) ? merged(below, value) : value] as const;
  });
  return { ...shared, ...Object.fromEntries(entries) };
}

function presets({ infrastructure }: Shared, own: StackKeys): readonly Chart[] {
  const { "cert-manager": certificates, "hcloud-csi": volumes } = infrastructure ?? {};
  const preset = (base: typeof certManager, keys: typeof volumes, defaults: Values): readonly Chart[] =>
    keys
      ? [{ ...base, version: keys.version ?? base.version, dependsOn: [], values: merged(defaults, keys.values) }]
      : [];
  return [
    ...preset(certManager, certificates, certManagerValues),
    ...preset(hcloudCsi, volumes, hcloudCsiValues(own.cluster.location)),
  ];
}

const chart = (name: string, { url, chart: named, version, namespace, values, dependsOn }: ChartKeys): Chart => ({
  name,
  source: { kind: url.startsWith("oci://") ? "oci" : "helm", url },
  chart: named ?? name,
  version,
  namespace: namespace ?? name,
  dependsOn,
  values,
});

function charts(shared: Shared, own: StackKeys, stage: string): readonly Chart[] {
  const written = Object.entries(shared.infrastructure?.charts ?? {})
    .filter(([, { stages }]) => stages?.includes(stage) ?? true)
    .map(([name, keys]) => chart(name, keys));
  return [...presets(shared, own), ...written]
    .map((each) => ({ ...each, values: merged(each.values, own.charts[each.name]?.values ?? {}) }))
    .toSorted(byName);
}

const folder = (name: string, keys: KustomizationKeys, repository: Shared["repository"]): Folder => ({
  ...keys,
  name,
  targetNamespace: keys.targetNamespace,
  decryption: keys.decryption ?? repository.decryption,
});

function folders({ infrastructure, repository }: Shared, own: StackKeys): readonly Folder[] {
  const written = { ...infrastructure?.kustomizations, ...own.kustomizations };
  return Object.entries(written)
    .map(([name, keys]) => folder(name, keys, repository))
    .toSorted(byName);
}

function providers({ notifications }: Shared, stage: string): readonly Provider[] {
  return Object.entries(notifications?.providers ?? {})
    .filter(([, { stages }]) => stages?.includes(stage) ?? true)
    .map(([name, { type, address, channel, secret }]) => ({ name, type, address, channel, secret }))
    .toSorted(byName);
}

function receivers({ notifications }: Shared, own: StackKeys): readonly Receiver[] {
  if (!own.webhooks) return [];
  const written = Object.entries(notifications?.receivers ?? {});
  return written.map(([name, keys]) => ({ name, ...keys })).toSorted(byName);
}

/** What one stage runs beside its apps. */
export function infrastructureOf(shared: Shared, own: StackKeys, stage: string): Infrastructure {
  const email = shared.infrastructure?.["cert-manager"]?.email;
  const { webhooks } = own;
  const ingress = shared.infrastructure?.traefik;
  return {
    charts: charts(shared, own, stage),
    traefik: ingress && merged(ingress.values, own.charts[traefik]?.values ?? {}),
    acme: email === undefined ? undefined : { email },
    folders: folders(shared, own),
    providers: providers(shared, stage),
    receivers: receivers(shared, own),
    webhooks: webhooks && { host: webhooks.host, issuer: webhooks.issuer },
  };
}

/** A patch as it was written; the schema holds it to one of the two. */
export function patchOf({ target, patch, file = "" }: PatchKeys): Patch {
  if (patch === undefined) return { kind: "file", target, file };
  return Array.isArray(patch)
    ? { kind: "operations", target, operations: patch }
    : { kind: "merge", target, object: patch };
}
