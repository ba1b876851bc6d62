/** Which stand-ins of nodes are up, and the data of their clusters; one step brings that to what the emulated Hetzner runs. */
import type { Hetzner } from "../hetzner/start.ts";
import { NodeError } from "../node/error.ts";
import { type NodeFacts, readNode } from "../node/read.ts";
import { readState, writeState } from "../state-file.ts";
import { type Api, startApi } from "./api.ts";
import { type Cluster, openCluster } from "./cluster.ts";
import { type KubeObject, type Objects, objects } from "./objects.ts";

export interface ClustersArgs {
  readonly hetzner: Hetzner;
  readonly repository: string;
  readonly head: (branch: string) => string | undefined;
  /** Outlives the process, as etcd's data outlives a power cut. */
  readonly stateFile: string;
}

type Server = ReturnType<Hetzner["state"]["servers"]>[number];

/** A cluster's data, by its name. Further servers share them with the first, so they outlive it. */
interface Saved {
  /** User data of the server that started it, with its name: the authorities that every server has from then on. */
  readonly first: { readonly name: string; readonly userData: string };
  readonly objects: readonly (readonly [string, KubeObject])[];
}

interface Node {
  readonly name: string;
  readonly cluster: string;
  /** Of a server: where the API listens. */
  readonly apis: readonly Api[];
}

const clusterOf = ({ labels }: Server): string => labels["cluster"] ?? "";

function explained(error: unknown, address: string): string {
  const { code = "", message } = error as NodeJS.ErrnoException;
  if (code === "EADDRNOTAVAIL")
    return `${address} is no address of this machine; add it, on macOS with: sudo ifconfig lo0 alias ${address}`;
  if (code === "EADDRINUSE")
    return `${address}:6443 is taken by another program of this machine, which has to stop for now`;
  return error instanceof NodeError ? message : `${(error as Error).stack}`;
}

interface Open {
  readonly cluster: Cluster;
  readonly first: NodeFacts;
}

export class NodesUp {
  readonly problems: string[] = [];
  readonly listeners = new Set<(problem: string) => void>();
  readonly nodes = new Map<number, Node>();
  readonly clusters = new Map<string, Open>();
  readonly #failed = new Set<number>();
  readonly #saved: Map<string, Saved>;
  readonly #args: ClustersArgs;

  constructor(args: ClustersArgs) {
    this.#args = args;
    this.#saved = new Map(Object.entries(readState<{ readonly [name: string]: Saved }>(args.stateFile) ?? {}));
  }

  #fail(problem: string): void {
    if (this.problems.includes(problem)) return;
    this.problems.push(problem);
    for (const listener of this.listeners) listener(problem);
  }

  #save(name: string, saved: Saved | undefined): void {
    if (saved) this.#saved.set(name, saved);
    else this.#saved.delete(name);
    writeState(this.#args.stateFile, Object.fromEntries(this.#saved));
  }

  async #open(name: string, { first, objects: initial }: Saved): Promise<void> {
    const { repository, head } = this.#args;
    const facts = await readNode(first.name, first.userData);
    const kept: Objects = objects(initial, () => this.#save(name, { first, objects: kept.all() }));
    this.clusters.set(name, { first: facts, cluster: openCluster({ first: facts, objects: kept, repository, head }) });
  }

  /** The data of other servers, of an earlier run or of a snapshot; else a server that starts a cluster begins anew. */
  async #find(server: Server, facts: NodeFacts, userData: string): Promise<Open | undefined> {
    const name = clusterOf(server);
    const saved = this.#saved.get(name);
    if (!this.clusters.has(name) && saved) await this.#open(name, saved);
    const begins = facts.k3s["cluster-init"] === true && (!saved || facts.setting("snapshot"));
    if (!this.clusters.has(name) && begins)
      await this.#open(name, { first: { name: server.name, userData }, objects: [] });
    return this.clusters.get(name);
  }

  /** The server's own address and its cluster's load balancers with a public side, as far as nothing listens there yet. */
  #addresses(server: Server): readonly string[] {
    const { state } = this.#args.hetzner;
    const own = state
      .loadBalancers()
      .filter(({ labels, public: isOpen }) => isOpen && labels["cluster"] === clusterOf(server));
    const all = [state.publicIpv4(server.id) ?? "", ...own.map(({ ipv4 }) => ipv4)];
    const taken = [...this.nodes.values()].flatMap(({ apis }) => apis.map(({ url }) => new URL(url).hostname));
    return all.filter((address) => address !== "" && !taken.includes(address));
  }

  async #listen(server: Server, { first, cluster }: Open): Promise<readonly Api[]> {
    const names = server.private_net.map(({ ip }) => ip);
    const own = { authorities: authorities(first), objects: cluster.objects, installed: cluster.installed, names };
    const apis: Api[] = [];
    for (const address of this.#addresses(server)) apis.push(await startApi({ ...own, address }));
    return apis;
  }

  async #boot(server: Server): Promise<void> {
    const { id, name } = server;
    const userData = this.#args.hetzner.state.userData(id) ?? "";
    const facts = await readNode(name, userData);
    const found = await this.#find(server, facts, userData);
    // A joiner tries until there is something to join, and until it is let in.
    if (!found) return;
    if (!found.cluster.join(facts, id)) return;
    const apis = facts.role === "server" ? await this.#listen(server, found) : [];
    this.nodes.set(id, { name, cluster: clusterOf(server), apis });
  }

  async #stop(id: number, { name, cluster, apis }: Node): Promise<void> {
    this.nodes.delete(id);
    for (const api of apis) await api.close();
    this.clusters.get(cluster)?.cluster.stop(name);
    const { servers } = this.#args.hetzner.state;
    if (servers().every((server) => server.id !== id)) this.clusters.get(cluster)?.cluster.leave(name);
    const hasServer = servers().some((server) => clusterOf(server) === cluster && server.labels["role"] === "server");
    if (!hasServer) this.#end(cluster);
  }

  /** With its last server a cluster's data go. Those of the sandbox's snapshots are what it had then. */
  #end(name: string): void {
    const keepsSnapshots = this.clusters
      .get(name)
      ?.first.files.get("/etc/rancher/k3s/config.yaml")
      ?.includes("etcd-s3");
    this.clusters.delete(name);
    if (!keepsSnapshots) this.#save(name, undefined);
  }

  async #each(server: Server): Promise<void> {
    try {
      await this.#boot(server);
    } catch (error) {
      this.#failed.add(server.id);
      this.#fail(explained(error, this.#args.hetzner.state.publicIpv4(server.id) ?? ""));
    }
  }

  async step(): Promise<void> {
    // A gateway is no node: it only passes on what others send. A node stays one when somebody takes its labels.
    const isNode = ({ id, powered, labels }: Server) =>
      powered && (this.nodes.has(id) || ["server", "agent"].includes(labels["role"] ?? ""));
    const servers = this.#args.hetzner.state.servers().filter(isNode);
    const on = new Set(servers.map(({ id }) => id));
    for (const [id, node] of this.nodes) if (!on.has(id)) await this.#stop(id, node);
    for (const server of servers)
      if (!(this.nodes.has(server.id) || this.#failed.has(server.id))) await this.#each(server);
    for (const { cluster } of this.clusters.values())
      await cluster.step().catch((error: unknown) => this.#fail(explained(error, "")));
  }

  async close(): Promise<void> {
    for (const { apis } of this.nodes.values()) await Promise.all(apis.map((api) => api.close()));
  }
}

/** By their names under /var/lib/rancher/k3s/server/tls, wherever user data puts them first. */
function authorities({ files }: NodeFacts): ReadonlyMap<string, string> {
  const own = [...files].flatMap(([path, text]) => {
    const [, name] = /\/tls\/(.+\.(?:crt|key))$/.exec(path) ?? [];
    return name ? [[name, text] as const] : [];
  });
  return new Map(own);
}
