/** Starts and stops a stand-in for every server that the emulated Hetzner runs, as long as the sandbox is open. */
import { type ClustersArgs, NodesUp } from "./nodes-up.ts";
import type { Objects } from "./objects.ts";

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

/** Milliseconds between two looks at everything. */
const tick = 150;

/** Returns when the nodes that were there are up again. */
export async function startClusters(args: ClustersArgs): Promise<Clusters> {
  const running = new NodesUp(args);
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
    objectsOf: (cluster) => running.clusters.get(cluster)?.cluster.objects,
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
