/**
 * A STAND-IN for the deployment controller, the scheduler and the kubelets: it says of every Deployment, at once, that its
 * replicas run the newest template. What it does not do: ReplicaSets, pods, pulling images, probes, failing.
 */
import type { KubernetesClient, KubernetesObject } from "./client.ts";

const deployments = { apiVersion: "apps/v1", kind: "Deployment" };

function status({ metadata, spec }: KubernetesObject): object {
  const replicas = spec.replicas ?? 1;
  const condition = (type: string, reason: string) => ({ type, status: "True", reason, message: "stand-in" });
  return {
    observedGeneration: metadata["generation"],
    replicas,
    updatedReplicas: replicas,
    readyReplicas: replicas,
    availableReplicas: replicas,
    conditions: [
      condition("Available", "MinimumReplicasAvailable"),
      condition("Progressing", "NewReplicaSetAvailable"),
    ],
  };
}

const isSeen = ({ metadata, status: current }: KubernetesObject): boolean =>
  current?.observedGeneration === metadata["generation"];

async function roll(client: KubernetesClient): Promise<void> {
  for (const one of (await client.list(deployments)).filter((each) => !isSeen(each))) {
    const { name, namespace } = one.metadata;
    await client.merge({ ...deployments, name, namespace }, { status: status(one) }, "status");
  }
}

/** Looks every half second until it is stopped. */
export function startRollouts(client: KubernetesClient): { stop(): Promise<void> } {
  let stopped = false;
  const work = (async () => {
    while (!stopped) {
      // The object may be gone, or newer, by now: the next look sees it.
      await roll(client).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await work;
    },
  };
}
