/** What a cluster runs beside its apps, after it was checked; a part of `fleet.ts`, which says what holds for all of it. */

/** Values of a Helm chart, or an object of Kubernetes, as they were written. */
export interface Values {
  readonly [key: string]: unknown;
}

export interface Chart {
  /** Name of the HelmRelease, of its source, and of the release. */
  readonly name: string;
  /** `https://…` is a Helm repository's index, `oci://…` the chart itself in a registry. */
  readonly source: { readonly kind: "helm" | "oci"; readonly url: string };
  /** The chart's name in its repository. */
  readonly chart: string;
  /** Exact, as the repository has it: `v1.21.1` with the v for some, without for others. */
  readonly version: string;
  readonly namespace: string;
  /** Charts of this stage that have to be ready first, by name. */
  readonly dependsOn: readonly string[];
  /** The shared values under the stage's: mappings merged key by key, everything else replaced. */
  readonly values: Values;
}

/** Let's Encrypt over HTTP-01: the ClusterIssuers `letsencrypt` and `letsencrypt-staging`. */
export interface Acme {
  readonly email: string;
}

/** A Flux Kustomization for a folder that people own. */
export interface Folder {
  readonly name: string;
  readonly path: string;
  readonly dependsOn: readonly string[];
  readonly targetNamespace: string | undefined;
  readonly decryption: { readonly secret: string } | undefined;
  readonly interval: string;
  readonly wait: boolean;
}

/** A strategic merge patch: as much of an object as is to differ. */
export interface Merge extends Values {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Values & { readonly name: string };
}

/** A patch of an app's overlay. */
export type Patch =
  | { readonly kind: "merge"; readonly target: Target | undefined; readonly object: Merge }
  /** JSON 6902. */
  | { readonly kind: "operations"; readonly target: Target | undefined; readonly operations: readonly Values[] }
  /** A file beside the overlay that people own. */
  | { readonly kind: "file"; readonly target: Target | undefined; readonly file: string };

/** kustomize's selector of the objects that a patch is for. */
export interface Target {
  readonly group?: string | undefined;
  readonly version?: string | undefined;
  readonly kind?: string | undefined;
  readonly name?: string | undefined;
}

/** Where events are told. `github` sets the state of each commit, the others are told about errors. */
export interface Provider {
  readonly name: string;
  readonly type: "github" | "slack" | "discord" | "msteams" | "generic" | "generic-hmac";
  readonly address: string | undefined;
  readonly channel: string | undefined;
  /** Secret in flux-system: a token, a webhook's address. */
  readonly secret: string | undefined;
}

/** A webhook that makes Flux look at once, instead of at its next interval. */
export interface Receiver {
  readonly name: string;
  readonly watches: "git" | "images";
  readonly type: ReceiverType;
  /** Secret in flux-system whose key `token` the sender knows too. */
  readonly secret: string;
}

export type ReceiverType = (typeof receiverTypes)[number];

/** Those of Flux that need nothing but the token (notification-controller api/v1/receiver_types.go). */
export const receiverTypes = [
  "generic",
  "generic-hmac",
  "github",
  "gitlab",
  "bitbucket",
  "dockerhub",
  "quay",
  "harbor",
  "nexus",
  "acr",
] as const;

export interface Infrastructure {
  /** Sorted by name. */
  readonly charts: readonly Chart[];
  /** Over the values of k3s's own Traefik. */
  readonly traefik: Values | undefined;
  readonly acme: Acme | undefined;
  /** Sorted by name. */
  readonly folders: readonly Folder[];
  /** Sorted by name. */
  readonly providers: readonly Provider[];
  /** Sorted by name; none in a stage that has no host for them. */
  readonly receivers: readonly Receiver[];
  /** Where this stage's webhooks arrive. */
  readonly webhooks: { readonly host: string; readonly issuer: string | undefined } | undefined;
}
