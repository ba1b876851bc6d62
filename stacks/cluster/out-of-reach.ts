import { type Fleet, type MadeNodes, servers } from "./made.ts";

/** What the program does itself where it reaches the API (provider/lifecycle/departure.ts), for a person. */
const steps = (name: string, isServer: boolean): readonly string[] => [
  `kubectl drain ${name} --ignore-daemonsets --delete-emptydir-data`,
  ...(isServer
    ? [
        `kubectl annotate node ${name} etcd.k3s.cattle.io/remove=true`,
        `kubectl wait node ${name} --for='jsonpath={.metadata.annotations.etcd\\.k3s\\.cattle\\.io/removed-node-name}'`,
      ]
    : []),
  `kubectl delete node ${name}`,
  `kubectl -n kube-system delete secret ${name}.node-password.k3s --ignore-not-found`,
];

/** Nodes that go from a cluster whose API is not reached: nobody here takes their pods and their etcd member out. */
export function outOfReach(old: MadeNodes, { nodes, reached, skipped }: Fleet): readonly string[] {
  if (reached) return [];
  const isOnlyServer = servers(old).length < 2;
  return Object.entries(old).flatMap(([name, { role, generation }]) => {
    const stays = nodes[name]?.generation === generation;
    if (stays || skipped.includes(name) || (role === "server" && isOnlyServer)) return [];
    const said = `${name} would go as it is, with its pods${role === "server" ? " and its etcd member" : ""}: with access: none nobody`;
    const lines = [
      `${said} here takes it out of the cluster. Where its API is reached:`,
      ...steps(name, role === "server"),
    ];
    return [`${lines.join("\n  ")}\nthen K3S_STAGES_SKIP_DRAIN=${name} pulumi up`];
  });
}
