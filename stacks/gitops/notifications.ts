import type { Provider, Receiver, ReceiverType } from "../config/infrastructure.ts";
import { wholeFolder } from "./kustomize.ts";
import { commitStatusExpression, fluxNamespace, notificationsPath, readSource } from "./names.ts";
import type { Target } from "./target.ts";
import type { KubeObject, Manifests } from "./yaml.ts";

const metadata = (name: string) => ({ name, namespace: fluxNamespace });

const secretRef = (secret: string | undefined) => (secret ? { secretRef: { name: secret } } : {});

function provider({ name, type, address, channel, secret }: Provider, { api }: Target): KubeObject {
  return {
    apiVersion: api.alert,
    kind: "Provider",
    metadata: metadata(name),
    spec: {
      ...{ type, ...(address ? { address } : {}), ...(channel ? { channel } : {}), ...secretRef(secret) },
      ...(type === "github" ? { commitStatusExpr: commitStatusExpression } : {}),
    },
  };
}

/** Every object of a kind in a namespace; a wildcard for namespaces too is newer than the oldest Flux rendered for. */
const everyOf = (kind: string, namespace: string) => ({ kind, name: "*", namespace });

/** An automation that is Ready proves nothing about its policies, nor a policy about its repository (rule 40, IRC#449). */
function eventSources({ stage }: Target) {
  const images = [...new Set(stage.apps.map(({ namespace }) => namespace))].toSorted();
  const charts = [...new Set(stage.infrastructure.charts.map(({ namespace }) => namespace))].toSorted();
  const kinds = ["ImageRepository", "ImagePolicy", "ImageUpdateAutomation"];
  return [
    everyOf("GitRepository", fluxNamespace),
    everyOf("Kustomization", fluxNamespace),
    ...images.flatMap((namespace) => kinds.map((kind) => everyOf(kind, namespace))),
    ...charts.map((namespace) => everyOf("HelmRelease", namespace)),
  ];
}

/**
 * A commit's state needs the successes too, and only Kustomizations have one. Everybody else hears about errors, less the
 * one that every restart of the image reflector makes until its first scan (fluxcd/image-reflector-controller#930).
 */
function alert({ name, type }: Provider, target: Target): KubeObject {
  const spec =
    type === "github"
      ? { eventSeverity: "info", eventSources: [everyOf("Kustomization", fluxNamespace)] }
      : { eventSeverity: "error", eventSources: eventSources(target), exclusionList: ["no tags in database"] };
  return {
    apiVersion: target.api.alert,
    kind: "Alert",
    metadata: metadata(name),
    spec: { providerRef: { name }, ...spec, eventMetadata: { stage: target.stage.name } },
  };
}

/** GitHub sends what the webhook subscribes to; the list keeps other events from starting anything. */
function events(type: ReceiverType, watches: Receiver["watches"]) {
  if (type !== "github") return {};
  return { events: watches === "git" ? ["ping", "push"] : ["ping", "package", "registry_package"] };
}

function receiver({ name, watches, type, secret }: Receiver, { api, stage }: Target): KubeObject {
  // With the version: left to itself, an older notification-controller asks for one that is no longer served.
  const images = stage.apps.map(({ name: app, namespace }) => {
    return { apiVersion: api.image, kind: "ImageRepository", name: app, namespace };
  });
  const git = { apiVersion: api.source, kind: "GitRepository", name: readSource, namespace: fluxNamespace };
  return {
    apiVersion: api.receiver,
    kind: "Receiver",
    metadata: metadata(name),
    spec: {
      type,
      ...events(type, watches),
      secretRef: { name: secret },
      resources: watches === "git" ? [git] : images,
    },
  };
}

/** Leads to notification-controller's Service, which Flux's own network policies leave open. */
function ingress({ host, issuer }: { readonly host: string; readonly issuer: string | undefined }): KubeObject {
  const backend = { service: { name: "webhook-receiver", port: { name: "http" } } };
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: {
      ...metadata("webhook-receiver"),
      annotations: {
        "traefik.ingress.kubernetes.io/router.entrypoints": "websecure",
        "traefik.ingress.kubernetes.io/router.tls": "true",
        ...(issuer ? { "cert-manager.io/cluster-issuer": issuer } : {}),
      },
    },
    spec: {
      ingressClassName: "traefik",
      tls: [{ hosts: [host], secretName: "webhook-receiver-tls" }],
      rules: [{ host, http: { paths: [{ path: "/hook/", pathType: "Prefix", backend }] } }],
    },
  };
}

/** Who is told, and what is listened to; where a receiver listens is in its status, as it follows from the token. */
export function notificationFiles(target: Target): Manifests {
  const { providers, receivers, webhooks } = target.stage.infrastructure;
  const files: Manifests = [
    ...providers.map((each) => [`provider-${each.name}.yaml`, [provider(each, target), alert(each, target)]] as const),
    ...receivers.map((each) => [`receiver-${each.name}.yaml`, [receiver(each, target)]] as const),
    ...(webhooks ? [["webhook-ingress.yaml", [ingress(webhooks)]] as const] : []),
  ];
  return wholeFolder(notificationsPath(target.stage.path), files);
}
