import type { GivenSecret } from "../cluster/node-settings.ts";

/**
 * By which the cluster knows the agents' token, `K10<hash>::<id>.<secret>`, with the group that k3s gives its own
 * (k3s-io/k3s pkg/kubeadm). Agents that have joined are known by their node from then on, whatever becomes of the token
 * (k3s-io/k3s docs/adrs/agent-join-token.md).
 */
export function agentTokenSecret(token: string): GivenSecret {
  const [id = "", secret = ""] = token.split("::")[1]?.split(".") ?? [];
  return {
    metadata: { namespace: "kube-system", name: `bootstrap-token-${id}` },
    type: "bootstrap.kubernetes.io/token",
    stringData: {
      "token-id": id,
      "token-secret": secret,
      "usage-bootstrap-authentication": "true",
      "auth-extra-groups": "system:bootstrappers:k3s:default-node-token",
    },
  };
}
