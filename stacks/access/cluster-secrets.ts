import type { Fleet, Stage } from "../config/fleet.ts";
import { ageSecrets, pullSecrets, writeParts } from "../config/stage-secrets.ts";

/** Where one value of a Secret comes from: it stands here, or it is a part of the stage's secrets. */
export type Source =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "secret"; readonly secret: "clusterToken" | "ageKey" }
  | { readonly kind: "part"; readonly secret: "ageKeys" | "pullSecrets" | "s3" | "write"; readonly part: string };

/** A Kubernetes Secret that the cluster needs before Flux comes. */
export interface ClusterSecret {
  readonly namespace: string;
  readonly name: string;
  readonly type: string;
  readonly data: { readonly [key: string]: Source };
}

const text = (value: string): Source => ({ kind: "text", text: value });
const opaque = "Opaque";

/** hcloud-cloud-controller-manager and csi-driver read this name and these keys by default. */
function hcloud({ cluster }: Stage, network: string): readonly ClusterSecret[] {
  if (cluster.cloudProvider !== "hcloud") return [];
  const data = { token: { kind: "secret", secret: "clusterToken" }, network: text(network) } as const;
  return [{ namespace: "kube-system", name: "hcloud", type: opaque, data }];
}

/** k3s-io/docs, cli/etcd-snapshot, "S3 Configuration Secret Support": read only where no flag says anything about S3. */
function snapshots({ cluster: { snapshots: store } }: Stage): readonly ClusterSecret[] {
  if (!store) return [];
  const data = {
    "etcd-s3-endpoint": text(store.endpoint),
    "etcd-s3-bucket": text(store.bucket),
    "etcd-s3-region": text(store.region),
    "etcd-s3-folder": text(store.folder),
    "etcd-s3-access-key": { kind: "part", secret: "s3", part: "accessKey" },
    "etcd-s3-secret-key": { kind: "part", secret: "s3", part: "secretKey" },
  } as const;
  const type = "etcd.k3s.cattle.io/s3-config-secret";
  return [{ namespace: "kube-system", name: "k3s-etcd-snapshot-s3-config", type, data }];
}

/** Under the key's name Flux looks for the ending .agekey and passes over any other (fluxcd/flux2#5154). */
function decryption(fleet: Fleet, stage: Stage): readonly ClusterSecret[] {
  const main = fleet.repository.decryption?.secret;
  return ageSecrets(fleet, stage).map((name) => {
    const key: Source =
      name === main ? { kind: "secret", secret: "ageKey" } : { kind: "part", secret: "ageKeys", part: name };
    return { namespace: "flux-system", name, type: opaque, data: { "age.agekey": key } };
  });
}

/** What image automation pushes with, under Flux's names (source-controller docs, GitRepository, Secret reference). */
function writing({ repository }: Fleet): readonly ClusterSecret[] {
  const known: { readonly [part: string]: { readonly [key: string]: Source } } = {
    identity: { known_hosts: text(`${repository.knownHosts.join("\n")}\n`) },
    password: { username: text("git") },
  };
  const data = writeParts(repository).map(({ part }) => ({
    [part]: { kind: "part", secret: "write", part },
    ...known[part],
  }));
  return [{ namespace: "flux-system", name: repository.write.secret, type: opaque, data: Object.assign({}, ...data) }];
}

export interface Handed {
  /** Name of the private network. */
  readonly network: string;
  /** Whether the credential that image automation pushes with is set; else a person brings it. */
  readonly write: boolean;
}

/** What a stage's cluster gets over its API, beside the credential for git. */
export function clusterSecrets(fleet: Fleet, stage: Stage, { network, write }: Handed): readonly ClusterSecret[] {
  const registries = pullSecrets(stage).map(({ namespace, name }): ClusterSecret => {
    const data = { ".dockerconfigjson": { kind: "part", secret: "pullSecrets", part: name } } as const;
    return { namespace, name, type: "kubernetes.io/dockerconfigjson", data };
  });
  return [
    ...hcloud(stage, network),
    ...snapshots(stage),
    ...decryption(fleet, stage),
    ...(write ? writing(fleet) : []),
    ...registries,
  ];
}

/** Those that no cluster has by itself. flux-system is there before Flux, for its Secrets. */
export function namespacesOf(secrets: readonly ClusterSecret[]): readonly string[] {
  const all = new Set(["flux-system", ...secrets.map(({ namespace }) => namespace)]);
  return [...all].filter((name) => name !== "kube-system").toSorted();
}
