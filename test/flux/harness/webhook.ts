import type { Cluster } from "./cluster.ts";
import { until } from "./until.ts";

/** What the sender of a webhook does: posts to the path that the rendered Receiver shows in its status. */
export async function callReceiver(cluster: Cluster, name: string): Promise<number> {
  const reference = {
    apiVersion: "notification.toolkit.fluxcd.io/v1",
    kind: "Receiver",
    name,
    namespace: "flux-system",
  };
  const path = await until({ what: `the path of Receiver ${name}` }, async () => {
    const webhookPath: string | undefined = (await cluster.client.get(reference))?.["status"]?.webhookPath;
    return webhookPath;
  });
  return (await fetch(`${cluster.controllers.receiver}${path}`, { method: "POST", body: "{}" })).status;
}
