import type { Chart, Values } from "../config/infrastructure.ts";
import { traefik } from "../config/releases/presets.ts";
import { yamlText } from "../yaml/write.ts";
import { wholeFolder } from "./kustomize.ts";
import { chartsPath, issuersPath } from "./names.ts";
import { sorted } from "./sorted.ts";
import type { Target } from "./target.ts";
import type { KubeObject, Manifests } from "./yaml.ts";

const metadata = ({ name, namespace }: Chart) => ({ name, namespace });

/** The chart's layer alone: a registry may hold provenance beside it (fluxcd/source-controller docs, OCIRepository). */
const helmLayer = { mediaType: "application/vnd.cncf.helm.chart.content.v1.tar+gzip", operation: "copy" };

function source(chart: Chart, { api }: Target): KubeObject {
  const { kind, url } = chart.source;
  const head = (sourceKind: string) => ({ apiVersion: api.source, kind: sourceKind, metadata: metadata(chart) });
  return kind === "oci"
    ? {
        ...head("OCIRepository"),
        spec: { interval: "1h", url, ref: { tag: chart.version }, layerSelector: helmLayer },
      }
    : { ...head("HelmRepository"), spec: { interval: "1h", url } };
}

function chartOf({ name, source: { kind }, chart, version }: Chart) {
  if (kind === "oci") return { chartRef: { kind: "OCIRepository", name } };
  return { chart: { spec: { chart, version, sourceRef: { kind: "HelmRepository", name }, interval: "1h" } } };
}

/** Retried without end after an installation that failed, as a cluster's first minutes often make it fail. */
function release(chart: Chart, { api, stage }: Target): KubeObject {
  const after = chart.dependsOn.map((name) => {
    const namespace = stage.infrastructure.charts.find((each) => each.name === name)?.namespace;
    return { name, namespace };
  });
  return {
    apiVersion: api.helm,
    kind: "HelmRelease",
    metadata: metadata(chart),
    spec: {
      ...(after.length > 0 ? { dependsOn: after } : {}),
      interval: "30m",
      releaseName: chart.name,
      ...chartOf(chart),
      install: { crds: "CreateReplace", remediation: { retries: -1 } },
      upgrade: { crds: "CreateReplace", remediation: { retries: 3 } },
      values: sorted(chart.values),
    },
  };
}

/** k3s merges it into the release that it makes itself (https://docs.k3s.io/add-ons/helm). */
const traefikConfig = (values: Values): KubeObject => ({
  apiVersion: "helm.cattle.io/v1",
  kind: "HelmChartConfig",
  metadata: { name: traefik, namespace: "kube-system" },
  spec: { valuesContent: yamlText(sorted(values)) },
});

/** A source and a release for each chart, both in the chart's namespace; values for the chart that k3s brings. */
export function chartFiles(target: Target): Manifests {
  const { charts, traefik: values } = target.stage.infrastructure;
  const files: Manifests = [
    ...charts.map((chart) => [`${chart.name}.yaml`, [source(chart, target), release(chart, target)]] as const),
    ...(values ? [[`${traefik}.yaml`, [traefikConfig(values)]] as const] : []),
  ];
  return wholeFolder(chartsPath(target.stage.path), files);
}

/** Of cert-manager; it has been v1 since 1.0. */
function clusterIssuer(name: string, server: string, email: string): KubeObject {
  return {
    apiVersion: "cert-manager.io/v1",
    kind: "ClusterIssuer",
    metadata: { name },
    spec: {
      acme: {
        server,
        email,
        privateKeySecretRef: { name },
        solvers: [{ http01: { ingress: { ingressClassName: "traefik" } } }],
      },
    },
  };
}

/** Let's Encrypt, and its staging environment, whose limits a mistake does not exhaust. */
export function issuerFiles({ stage }: Target): Manifests {
  const { acme } = stage.infrastructure;
  if (!acme) return [];
  const host = (environment: string): string => `https://${environment}.api.letsencrypt.org/directory`;
  const issuers = [
    clusterIssuer("letsencrypt", host("acme-v02"), acme.email),
    clusterIssuer("letsencrypt-staging", host("acme-staging-v02"), acme.email),
  ];
  return wholeFolder(issuersPath(stage.path), [["letsencrypt.yaml", issuers]]);
}
