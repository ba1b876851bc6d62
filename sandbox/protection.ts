import type { Sandbox } from "./open.ts";
import { dummyToken } from "./services.ts";
import { mustRun } from "./stage.ts";

/**
 * Lifts what a stage protects, at Hetzner as one does in its console, and in Pulumi's state. A person sets `protect: false`
 * and runs `pulumi up`; that would first complete a stage which an interrupted run has left half made.
 */
export async function liftProtection(sandbox: Sandbox, stack: string): Promise<void> {
  const { state, url } = sandbox.services.hetzner;
  const { servers, networks, primaryIps: primary_ips, loadBalancers: load_balancers } = state;
  for (const [kind, items] of Object.entries({ servers, networks, primary_ips, load_balancers })) {
    for (const { id, labels, protection } of items()) {
      if (labels["stage"] !== stack || !protection.delete) continue;
      await fetch(`${url}/${kind}/${id}/actions/change_protection`, {
        method: "POST",
        headers: { authorization: `Bearer ${dummyToken}` },
        body: JSON.stringify({ delete: false, ...(kind === "servers" ? { rebuild: false } : {}) }),
      });
    }
  }
  await mustRun(sandbox, ["state", "unprotect", "--all", "--yes", "--stack", stack]);
}
