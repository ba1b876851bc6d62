/**
 * The configuration after it was checked: everything here is a fact, nothing is optional for convenience, and every
 * default is filled in. Made by `resolve`, read by `cluster`, `gitops` and the commands; it never holds a secret.
 */
import type { Cluster } from "./cluster.ts";
import type { Infrastructure, Patch } from "./infrastructure.ts";

/** All stages of one project, in promotion order: the first is the one that gets new versions first. */
export interface Fleet {
  /** The Pulumi project's name; the prefix of every name at Hetzner. */
  readonly project: string;
  readonly repository: Repository;
  readonly stages: readonly Stage[];
}

/** The GitOps repository that the clusters follow. */
export interface Repository {
  /** As the clusters use it: `ssh://git@host/owner/repo` (deploy key) or `https://host/owner/repo` (token). */
  readonly url: string;
  /** As this program pushes to it (git's own word: pushurl); the same as `url` unless configured. */
  readonly pushUrl: string;
  readonly branch: string;
  /** Name of the Secret in `flux-system` that holds the stage's age key, when files are encrypted with SOPS. */
  readonly decryption: { readonly secret: string } | undefined;
  readonly write: WriteAccess;
  readonly bootstrap: Bootstrap;
  /** Lines of known_hosts: whom to believe that it is the repository's host. Only ssh needs them. */
  readonly knownHosts: readonly string[];
}

/** Which `flux bootstrap` hands a cluster over to the repository; `github` asks GitHub's API, and needs a token. */
export type Bootstrap =
  | { readonly kind: "git" }
  | { readonly kind: "github"; readonly owner: string; readonly repository: string; readonly personal: boolean };

/** What image automation pushes with; the Secret is in `flux-system`, and its keys follow from the provider. */
export interface WriteAccess {
  readonly url: string;
  readonly secret: string;
  /** `github`: a GitHub App; `generic`: a deploy key (ssh), or a token (https). */
  readonly provider: "generic" | "github";
}

export interface Stage {
  readonly name: string;
  /** The cluster's folder in the repository, as `flux bootstrap --path` gets it: `clusters/production`. */
  readonly path: string;
  readonly channel: Channel;
  /** Stages whose tags it may take too. */
  readonly alsoAccepts: readonly string[];
  readonly cluster: Cluster;
  /** The applications that run in this stage, sorted by name. */
  readonly apps: readonly App[];
  readonly infrastructure: Infrastructure;
}

/** Versions without prerelease: the first that counts, and the first that does not. */
export interface Fence {
  readonly floor?: string | undefined;
  readonly ceiling?: string | undefined;
}

/** Tags by the project's own convention: `v1.9.31`, or `v1.9.32-<id>.N`. */
export type NamedChannel = Fence & ({ readonly kind: "stable" } | { readonly kind: "prerelease"; readonly id: string });

/** Tags by an anchored filter of one's own; `extract` is what is compared instead of the whole tag. */
interface Filter {
  readonly pattern: string;
  readonly extract?: string | undefined;
}

/** Which tags a stage takes, and which of them is the newest: with `asc` the greatest. */
export type Channel =
  | NamedChannel
  | (Filter & { readonly kind: "semver"; readonly range: string })
  | (Filter & { readonly kind: "numerical" | "alphabetical"; readonly order: "asc" | "desc" });

export type Protocol = "http" | "https";

/** Over http where there is a path, else by a connection; what is not there is Kubernetes' default. */
export interface Probe {
  readonly path?: string;
  readonly periodSeconds?: number;
  readonly timeoutSeconds?: number;
  readonly failureThreshold?: number;
}

/** Who moves an app's tag in a stage: Flux, nobody, or the configuration. */
export type Promotion =
  | { readonly kind: "automatic" }
  | { readonly kind: "held" }
  | { readonly kind: "pinned"; readonly tag: string };

/** How long a version has to have been healthy in the stage before, until a pull request with it may be merged. */
export interface Soak {
  /** The stage before. */
  readonly stage: string;
  /** As it was written: `24h`. */
  readonly for: string;
  readonly seconds: number;
}

/** What a rendered base consists of. */
export interface Skeleton {
  readonly ports: { readonly container: number; readonly service: number };
  /** Which Pod Security Standard its pods meet. */
  readonly security: "restricted" | "baseline";
  /** The uid it runs as, where that is not the image's. */
  readonly user: number | undefined;
  readonly probes: {
    readonly readiness: Probe;
    readonly liveness?: Probe | undefined;
    readonly startup?: Probe | undefined;
  };
}

/** Whose the files below `apps/<app>/base` are: this program's, or people's. */
export type Base =
  | (Skeleton & { readonly kind: "rendered" })
  /** `container` names the one that runs the image, in a Deployment named after the app. */
  | { readonly kind: "external"; readonly container: string };

export interface App {
  readonly name: string;
  /** Image without tag: `ghcr.io/acme/blog`. */
  readonly image: string;
  readonly namespace: string;
  readonly base: Base;
  /** Secret in the app's namespace (dockerconfigjson) by which Flux scans the registry and nodes pull the image. */
  readonly pullSecret: string | undefined;
  /** The age key of its files alone, where that is not the repository's. */
  readonly decryption: Repository["decryption"];
  /** Which Ingresses the base has. A stage without hosts for one drops it. */
  readonly ingress: readonly Protocol[];
  /** cert-manager ClusterIssuer for the HTTPS hosts; without one the Secret `<app>-tls` is expected to be there. */
  readonly issuer: string | undefined;
  /** Tag in the base; never run, every overlay replaces it. */
  readonly baseTag: string;
  /** Every stage the app runs in, in promotion order: who shares its base. */
  readonly stages: readonly string[];
  /** First tag of this stage. From then on Flux owns it. */
  readonly tag: string;
  /** Whether Flux writes the digest beside the tag: once per tag, or whenever the tag moves. */
  readonly digest: "Always" | "IfNotPresent" | "Never";
  /** Regular expressions of tags that are not even looked at. */
  readonly exclude: readonly string[];
  /** Whether a new tag is committed, or proposed for a person to merge. */
  readonly rollout: "direct" | "pull-request";
  readonly promotion: Promotion;
  readonly soak: Soak | undefined;
  /** The running tag that a lower version may follow; none, if not given. */
  readonly allowDowngrade: string | undefined;
  readonly replicas: number;
  readonly hosts: { readonly [protocol in Protocol]: readonly string[] };
  readonly env: { readonly [name: string]: string };
  readonly resources: Resources | undefined;
  /** Applied after what is rendered, in this order. */
  readonly patches: readonly Patch[];
  /** Files beside the overlay that people own. */
  readonly manifests: readonly string[];
}

export interface Resources {
  readonly requests?: { readonly [resource: string]: string };
  readonly limits?: { readonly [resource: string]: string };
}
