/** Starts and stops a stand-in for every server that the emulated Hetzner runs, as long as the sandbox is open. */
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

export interface Clusters {
  /** Everything that kept a node from coming up, in words. */
  readonly problems: readonly string[];
  /** What is in a cluster; `undefined` where its first server does not run. */
  readonly objectsOf: (cluster: string) => Objects | undefined;
  /** Hears of problems from now on; returns how to stop that. */
  readonly watch: (listener: (problem: string) => void) => () => void;
  /** Returns when everything that can be done now is done. */
  readonly settled: () => Promise<void>;
  close(): Promise<void>;
}

type Server = ReturnType<Hetzner["state"]["servers"]>[number];
type Saved = { readonly [server: string]: readonly (readonly [string, KubeObject])[] };

interface Node {
  readonly facts: NodeFacts;
  readonly cluster: string;
  /** Of the server that starts a cluster: where its API listens. */
  readonly apis: readonly Api[];
}

const clusterOf = ({ labels }: Server): string => labels["cluster"] ?? "";

/** Milliseconds between two looks at everything. */
const tick = 150;

function explained(error: unknown, address: string): string {
  const { code = "", message } = error as NodeJS.ErrnoException;
  if (code === "EADDRNOTAVAIL")
    return `${address} is no address of this machine; add it, on macOS with: sudo ifconfig lo0 alias ${address}`;
  if (code === "EADDRINUSE")
    return `${address}:6443 is taken by another program of this machine, which has to stop for now`;
  return error instanceof NodeError ? message : `${(error as Error).stack}`;
}

class Running {
  readonly problems: string[] = [];
  readonly listeners = new Set<(problem: string) => void>();
  readonly nodes = new Map<number, Node>();
  readonly clusters = new Map<string, Cluster>();
  readonly #failed = new Set<number>();
  readonly #saved: Map<string, Saved[string]>;
  readonly #args: ClustersArgs;

  constructor(args: ClustersArgs) {
    this.#args = args;
    this.#saved = new Map(Object.entries(readState<Saved>(args.stateFile) ?? {}));
  }

  #fail(problem: string): void {
    if (this.problems.includes(problem)) return;
    this.problems.push(problem);
    for (const listener of this.listeners) listener(problem);
  }

  #save(): void {
    writeState(this.#args.stateFile, Object.fromEntries(this.#saved));
  }

  /** The server's own address, and that of every load balancer which has a public side. */
  #addresses(server: Server): readonly string[] {
    const { state } = this.#args.hetzner;
    const balancers = state
      .loadBalancers()
      .filter(({ labels, public: isOpen }) => isOpen && labels["cluster"] === clusterOf(server));
    return [state.publicIpv4(server.id) ?? "", ...balancers.map(({ ipv4 }) => ipv4)].filter(
      (address) => address !== "",
    );
  }

  /** The API of a server that starts a cluster. */
  async #start(server: Server, facts: NodeFacts): Promise<readonly Api[]> {
    const { repository, head } = this.#args;
    const id = String(server.id);
    const kept: Objects = objects(this.#saved.get(id) ?? [], () => {
      this.#saved.set(id, kept.all());
      this.#save();
    });
    const cluster = openCluster({ first: facts, objects: kept, repository, head });
    const names = server.private_net.map(({ ip }) => ip);
    const own = { authorities: authorities(facts), objects: kept, installed: cluster.installed, names };
    const apis: Api[] = [];
    for (const address of this.#addresses(server)) apis.push(await startApi({ ...own, address }));
    this.clusters.set(clusterOf(server), cluster);
    return apis;
  }

  async #boot(server: Server): Promise<void> {
    const facts = await readNode(server.name, this.#args.hetzner.state.userData(server.id) ?? "");
    const cluster = clusterOf(server);
    const apis = facts.command ? await this.#start(server, facts) : [];
    // A joiner tries until there is something to join.
    if (!this.clusters.has(cluster)) return;
    this.clusters.get(cluster)?.join(facts, server.id);
    this.nodes.set(server.id, { facts, cluster, apis });
  }

  async #stop(id: number, node: Node): Promise<void> {
    this.nodes.delete(id);
    for (const api of node.apis) await api.close();
    if (node.facts.command) this.clusters.delete(node.cluster);
    else this.clusters.get(node.cluster)?.leave(node.facts.name);
    const isGone = this.#args.hetzner.state.servers().every((server) => server.id !== id);
    if (isGone && this.#saved.delete(String(id))) this.#save();
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
    // A gateway is no node: it only passes on what others send.
    const isNode = ({ powered, labels }: Server) => powered && ["server", "agent"].includes(labels["role"] ?? "");
    const servers = this.#args.hetzner.state.servers().filter(isNode);
    const on = new Set(servers.map(({ id }) => id));
    for (const [id, node] of this.nodes) if (!on.has(id)) await this.#stop(id, node);
    for (const server of servers)
      if (!(this.nodes.has(server.id) || this.#failed.has(server.id))) await this.#each(server);
    for (const cluster of this.clusters.values())
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

/** Returns when the nodes that were there are up again. */
export async function startClusters(args: ClustersArgs): Promise<Clusters> {
  const running = new Running(args);
  let step = Promise.resolve();
  const next = () => {
    step = step.then(() => running.step());
    return step;
  };
  await next();
  let idle = true;
  const timer = setInterval(() => {
    if (!idle) return;
    idle = false;
    void next().finally(() => {
      idle = true;
    });
  }, tick);
  return {
    problems: running.problems,
    objectsOf: (cluster) => running.clusters.get(cluster)?.objects,
    watch: (listener) => {
      running.listeners.add(listener);
      return () => running.listeners.delete(listener);
    },
    settled: next,
    close: async () => {
      clearInterval(timer);
      await step;
      await running.close();
    },
  };
}
