/**
 * A stage's Kubernetes API as far as it needs no machine: the real etcd and kube-apiserver on loopback, with the
 * authorities, the service account key and the kubeconfig that the program makes for the stage. What a k3s server has
 * besides is missing: controller manager, scheduler, kubelets.
 */
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Material } from "../../../provider/pki/material.ts";
import { freePorts } from "../../../sandbox/ports.ts";
import { kubeconfig } from "../../../stacks/cluster/kubeconfig.ts";
import { type ClusterPki, clusterPki } from "../../cluster-pki.ts";
import { built } from "./build.ts";
import { type KubernetesClient, kubernetesClient } from "./client.ts";
import { type Daemon, startDaemon } from "./daemon.ts";
import { type Member, type Place, places, startMember } from "./etcd.ts";
import { tools } from "./modules.ts";
import { serving } from "./serving.ts";
import { until } from "./until.ts";

export interface KubernetesArgs {
  /** Name of the cluster, as in the program: `<project>-<stage>`. */
  readonly cluster: string;
  /** Empty; whoever made it removes it after `close`. */
  readonly folder: string;
  /** A new one, if not given. */
  readonly pki?: ClusterPki;
  /** More arguments of the API server: `kube-apiserver-arg` of a node's configuration. */
  readonly flags?: readonly string[];
  /** Of etcd; one, if not given. */
  readonly members?: number;
}

export interface Kubernetes {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  readonly pki: ClusterPki;
  /** The program's own text. */
  readonly kubeconfig: string;
  readonly kubeconfigFile: string;
  readonly client: KubernetesClient;
  /** Of etcd; one that was stopped can be started again, with its data. */
  readonly members: readonly Member[];
  /** What kubectl prints. */
  kubectl(...args: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

/** The binaries' paths, built once into this user's cache. */
async function kubernetesBinaries(progress?: (line: string) => void) {
  const folder = await built(tools.kubernetes, progress);
  return { etcd: join(folder, "etcd"), apiserver: join(folder, "kube-apiserver") };
}

/** As k3s starts it (pkg/daemons/control/server.go, apiServer), as far as there are no nodes. */
function apiserverArgs(api: number, etcd: readonly Place[], { tls, flags }: { tls: string; flags: readonly string[] }) {
  const file = (name: string) => join(tls, name);
  return [
    `--etcd-servers=${etcd.map(({ client }) => client).join(",")}`,
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    `--secure-port=${api}`,
    `--tls-cert-file=${file("serving.crt")}`,
    `--tls-private-key-file=${file("serving.key")}`,
    `--client-ca-file=${file("client-ca.crt")}`,
    `--requestheader-client-ca-file=${file("request-header-ca.crt")}`,
    // Without names this file must share no certificate with the one above; ours share the root.
    "--requestheader-allowed-names=system:auth-proxy",
    `--service-account-key-file=${file("service.key")}`,
    `--service-account-signing-key-file=${file("service.key")}`,
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    "--api-audiences=https://kubernetes.default.svc.cluster.local,k3s",
    "--service-cluster-ip-range=10.43.0.0/16",
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    "--enable-bootstrap-token-auth=true",
    // As k3s does: beside an authentication file, which has a word on it, the API server refuses the flag.
    ...(flags.some((flag) => flag.startsWith("authentication-config=")) ? [] : ["--anonymous-auth=false"]),
    "--allow-privileged=true",
    "--profiling=false",
    ...flags.map((flag) => `--${flag}`),
  ];
}

async function writePki(pki: Material, tls: string): Promise<void> {
  const { "server-ca.crt": certificate = "", "server-ca.key": key = "" } = pki.serverFiles;
  const own = await serving({ certificate, key }, "kube-apiserver");
  const files = { ...pki.serverFiles, "serving.crt": own.certificate, "serving.key": own.key };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tls, path)), { recursive: true });
    writeFileSync(join(tls, path), text, { mode: 0o600 });
  }
}

async function ready(client: KubernetesClient, daemons: ReadonlySet<Daemon>): Promise<void> {
  const state = () => [...daemons].map(({ name, log }) => `${name}:\n${log()}`).join("\n");
  await until({ what: "the API server", within: 180, state }, async () => {
    const ended = [...daemons].find(({ running }) => !running());
    if (ended) throw new Error(`${ended.name} ended:\n${ended.log()}`);
    return client.ready();
  });
}

export async function startKubernetes({
  cluster,
  folder,
  pki: given,
  flags = [],
  members: count = 1,
}: KubernetesArgs): Promise<Kubernetes> {
  const binaries = await kubernetesBinaries();
  const pki = given ?? (await clusterPki(cluster));
  const [api = 0] = await freePorts(1);
  const etcd = await places(count);
  const tls = join(folder, "tls");
  await writePki(pki, tls);
  const url = `https://127.0.0.1:${api}`;
  const { caCertificate, adminCertificate, adminKey } = pki;
  const text = kubeconfig({ cluster, server: url, caCertificate, adminCertificate, adminKey });
  const kubeconfigFile = join(folder, "kubeconfig");
  writeFileSync(kubeconfigFile, text, { mode: 0o600 });
  const daemons = new Set<Daemon>();
  const members = etcd.map((place) => startMember(place, etcd, { file: binaries.etcd, folder, daemons }));
  const args = apiserverArgs(api, etcd, { tls, flags });
  daemons.add(startDaemon({ name: "kube-apiserver", file: binaries.apiserver, args, folder }));
  const connection = kubernetesClient(text);
  const close = async () => {
    connection.close();
    await Promise.all([...daemons].map((daemon) => daemon.stop()));
  };
  await ready(connection, daemons).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  const kubectl = async (...args: readonly string[]) =>
    (await promisify(execFile)("kubectl", ["--kubeconfig", kubeconfigFile, ...args])).stdout;
  return { url, pki, kubeconfig: text, kubeconfigFile, client: connection, members, kubectl, close };
}
