/** SHELL: what a stage brings into its cluster over the cluster's own API, and how it knows that the stage works. */
import { createHash } from "node:crypto";
import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { cloudCharts } from "../cluster/cloud-provider.ts";
import { sayTargets, type Targets } from "../cluster/hooks.ts";
import { restores } from "../cluster/plan/pools.ts";
import type { Fleet, Stage } from "../config/fleet.ts";
import type { Pins } from "../config/releases/pins.ts";
import { agentTokenSecret } from "./agent-token.ts";
import { type ClusterSecret, clusterSecrets, namespacesOf, type Source } from "./cluster-secrets.ts";
import type { RepositoryCredential } from "./repository.ts";
import type { StageSecrets } from "./secrets.ts";

/** The API answers to the stage's own certificates. */
class ApiReady extends pulumi.CustomResource {
  declare readonly kubeconfig: pulumi.Output<string>;

  constructor(name: string, args: pulumi.Inputs, options: pulumi.CustomResourceOptions) {
    // In every stack's state, as that below: the type token is never changed.
    super(
      "gitops:index:ApiReady",
      name,
      { ...args, kubeconfig: undefined },
      { ...options, additionalSecretOutputs: ["kubeconfig"] },
    );
  }
}

/** Its nodes are there, and Flux has applied the tree's commit or a later one. */
class StageReady extends pulumi.CustomResource {
  constructor(name: string, args: pulumi.Inputs, options: pulumi.CustomResourceOptions) {
    super("gitops:index:StageReady", name, { ...args, revision: undefined }, options);
  }
}

export interface ClusterAccessArgs {
  readonly fleet: Fleet;
  readonly stage: Stage;
  readonly secrets: StageSecrets;
  readonly pki: {
    readonly caCertificate: pulumi.Output<string>;
    readonly adminCertificate: pulumi.Output<string>;
    readonly adminKey: pulumi.Output<string>;
    readonly agentToken: pulumi.Output<string>;
  };
  /** Name of the private network, and of everything else that is the cluster's. */
  readonly name: string;
  /** Its machines, and its API: `https://203.0.113.7:6443`. */
  readonly cluster: pulumi.Resource & {
    readonly endpoint: pulumi.Output<string>;
    readonly members: readonly { readonly role: string; readonly machine: pulumi.Input<string> }[];
  };
  readonly targets: Targets;
}

export interface ClusterAccess {
  readonly kubeconfig: pulumi.Output<string>;
  readonly provider: Provider;
  /** Ids of all machines: a new one under an old name is waited for, too. */
  readonly machines: readonly pulumi.Input<string>[];
  /** Of what waits for the stage. */
  readonly hooks: pulumi.ResourceHookBinding;
  /** What Flux needs before it comes. */
  readonly resources: readonly pulumi.Resource[];
}

function sourceOf(source: Source, secrets: StageSecrets): pulumi.Output<string> {
  switch (source.kind) {
    case "text":
      return pulumi.output(source.text);
    case "secret":
      return secrets[source.secret] ?? pulumi.output("");
    case "part": {
      const all: pulumi.Output<object> | undefined = secrets[source.secret];
      return pulumi
        .output(all)
        .apply((found) => String((found as { readonly [name: string]: unknown })?.[source.part] ?? ""));
    }
  }
}

/**
 * Never deleted: a cluster outlives what is configured about it, and goes with its servers, whether its API answers or not.
 * Namespaces have nothing here but their name, so Flux, which applies the same ones, owns every field of theirs alone.
 */
const inCluster = (provider: Provider) => ({ provider, retainOnDelete: true });

function secretOf(
  { namespace, name, type, data }: ClusterSecret,
  { secrets, stage }: ClusterAccessArgs,
  options: pulumi.CustomResourceOptions,
) {
  const values = Object.entries(data).map(([key, source]) => [key, sourceOf(source, secrets)]);
  const args = { metadata: { namespace, name }, type, stringData: Object.fromEntries(values) };
  return new Secret(`${stage.name}-${namespace}-${name}`, args, options);
}

/**
 * A cluster is known by its authority, so that a renewed certificate or a moved endpoint changes the provider in place; in
 * another cluster everything is made anew. What it finds there it takes over: it may have been left by a lost state. Where no API
 * answers, a refresh forgets what it brought, instead of failing with the whole stage; the next `up` brings it again.
 */
function kubernetes({ stage, pki, name }: ClusterAccessArgs, kubeconfig: pulumi.Output<string>): Provider {
  const authority = (pem: string) => createHash("sha256").update(pem).digest("hex").slice(0, 16);
  const clusterIdentifier = pki.caCertificate.apply((pem) => `${name}-${authority(pem)}`);
  const taken = { upsertExistingObjects: true, enablePatchForce: true, enableSecretMutable: true };
  return new Provider(stage.name, { kubeconfig, clusterIdentifier, ...taken, deleteUnreachable: true });
}

/** Its name does not change with the token: a preview has to know it. */
function agentToken({ agentToken: token }: ClusterAccessArgs["pki"]) {
  const { metadata, type } = agentTokenSecret("::agents.");
  return { metadata, type, stringData: token.apply((known) => agentTokenSecret(known).stringData) };
}

/** What nodes wait for: without the one no agent joins, without the others nothing is scheduled. */
function atOnce({ stage, pki }: ClusterAccessArgs, provider: Provider): readonly pulumi.Resource[] {
  const charts = cloudCharts(stage.cluster).map(
    ({ metadata, ...chart }) =>
      new CustomResource(`${stage.name}-${metadata.name}`, { metadata, ...chart }, inCluster(provider)),
  );
  return [new Secret(`${stage.name}-agents`, agentToken(pki), inCluster(provider)), ...charts];
}

/** Waits for the API, then brings namespaces and Secrets. */
function direct(args: ClusterAccessArgs): ClusterAccess {
  const { fleet, stage, secrets, pki, name, cluster, targets } = args;
  const { caCertificate, adminCertificate, adminKey } = pki;
  const hooks = sayTargets(targets);
  const machines = cluster.members.map(({ machine }) => machine);
  const serving = cluster.members.flatMap(({ role, machine }) => (role === "server" ? [machine] : []));
  const keys = { caCertificate, adminCertificate, adminKey };
  const access = { cluster: name, server: cluster.endpoint, machines: serving, ...keys };
  const { onError = [] } = hooks;
  const { kubeconfig } = new ApiReady(stage.name, access, { dependsOn: cluster, hooks: { onError } });
  const provider = kubernetes(args, kubeconfig);
  const wanted = clusterSecrets(fleet, stage, { network: name, write: secrets.write !== undefined });
  const namespaces = namespacesOf(wanted).map(
    (each) => new Namespace(`${stage.name}-${each}`, { metadata: { name: each } }, inCluster(provider)),
  );
  const made = wanted.map((each) => secretOf(each, args, { ...inCluster(provider), dependsOn: namespaces }));
  return { kubeconfig, provider, machines, hooks, resources: [...atOnce(args, provider), ...namespaces, ...made] };
}

/** With `access: none` there is nothing that could be done, and the preview says what that costs. */
export function clusterAccess(args: ClusterAccessArgs): ClusterAccess | undefined {
  if (args.stage.cluster.access === "direct") return direct(args);
  pulumi.log.warn(
    `${args.stage.name} has access: none. Its credential for git lies in user data, which root on its first server can read ` +
      "for as long as the server lives; the other Secrets of the stage are yours to bring into the cluster; and `pulumi up` " +
      "ends when the servers are made, not when the stage works (docs/access.md).",
  );
  return undefined;
}

export interface HandOverArgs {
  readonly stage: Stage;
  readonly pins: Pins;
  readonly url: string;
  readonly branch: string;
  readonly credential: RepositoryCredential;
  readonly tree: pulumi.Resource & { readonly commit: pulumi.Output<string> };
  readonly nodes: readonly string[];
  readonly kustomizations: readonly string[];
}

/** Gives the cluster its credential for git, on which its first server waits, and returns when the stage works. */
export function handOver(access: ClusterAccess | undefined, args: HandOverArgs): readonly pulumi.Resource[] {
  if (!access) return [];
  const { stage, pins, url, branch, credential, tree, nodes, kustomizations } = args;
  const { kubeconfig, provider, machines, hooks, resources } = access;
  const options = { ...inCluster(provider), dependsOn: [...resources, tree] };
  // flux bootstrap takes its own from the first; the second is what Flux reads ever after, so that one setting changes both.
  const dependsOn = ["flux-bootstrap", "flux-system"].map((name) => {
    const metadata = { namespace: "flux-system", name };
    return new Secret(`${stage.name}-${name}`, { metadata, type: "Opaque", stringData: credential.data }, options);
  });
  const initialized = stage.cluster.cloudProvider === "hcloud";
  // In a cluster that begins with a snapshot the other servers are members of one that is gone, until each is made again.
  const waited = restores(stage.cluster) ? nodes.slice(0, 1) : nodes;
  const expected = { stage: stage.name, nodes: waited, version: pins.k3s.version, initialized, kustomizations };
  const inputs = { kubeconfig, machines, ...expected, url, branch, commit: tree.commit };
  return [new StageReady(stage.name, inputs, { dependsOn, hooks })];
}
