import { type Fleet, type MadeNodes, servers } from "./made.ts";

/** Agents were told at their first boot to reach the API at its load balancer, and the last server that goes takes that along. */
export function stranded(old: MadeNodes, { nodes, balanced }: Fleet): readonly string[] {
  if (balanced || servers(old).length < 2) return [];
  const left = Object.entries(old).filter(
    ([name, { role, generation }]) => role === "agent" && nodes[name]?.generation === generation,
  );
  if (left.length === 0) return [];
  return [
    `${left.map(([name]) => name).join(", ")} reach the API at its load balancer, which goes with the second server: raise ` +
      "their generations with the edit, or keep the load balancer by cluster.api.via: load-balancer",
  ];
}
