/** A stage of the seed for each topology, by what is edited. */
import type { Edits } from "./sources.ts";

interface Plan {
  readonly stage: string;
  readonly edits: Edits;
}

const dev = (edits: Edits[string]): Plan => ({ stage: "dev", edits: { "Pulumi.dev.yaml": edits } });
const prod = (edits: Edits[string]): Plan => ({ stage: "prod", edits: { "Pulumi.prod.yaml": edits } });

/** Every machine without a public address, behind a gateway and two load balancers. */
export const privately: Edits[string] = {
  "cluster.servers.public": false,
  "cluster.pools.web.public": false,
  "cluster.gateway": { type: "cpx12" },
  "cluster.ingress": "load-balancer",
  "cluster.api": { allow: ["everyone"], via: "load-balancer" },
  "cluster.protect": true,
};

export const plans: { readonly [name: string]: Plan } = {
  "one-server": dev({}),
  "one-server-behind-a-load-balancer": dev({ "cluster.api": { allow: ["everyone"], via: "load-balancer" } }),
  "three-servers-and-a-pool": prod({}),
  "five-servers-across-locations": prod({
    "cluster.servers.count": 5,
    "cluster.servers.locations": ["nbg1", "fsn1", "hel1", "nbg1", "fsn1"],
    "cluster.pools": null,
  }),
  "pools-of-two-architectures": prod({
    "cluster.pools": {
      arm: { count: 2, type: "cax21", subnet: "10.30.2.0/24", location: "fsn1", taints: ["arch=arm64:NoSchedule"] },
      web: { count: 12, type: "cpx32", subnet: "10.30.1.0/24", labels: { "example.com/disk": "ssd" } },
    },
    "cluster.ingress": "load-balancer",
  }),
  "servers-kept-for-the-control-plane": prod({
    "cluster.servers.taints": ["CriticalAddonsOnly=true:NoExecute"],
    "cluster.ingress": "load-balancer",
    "cluster.protect": true,
  }),
  "private-pool-behind-a-gateway": prod({
    "cluster.pools.web.public": false,
    "cluster.gateway": { type: "cpx12", location: "fsn1" },
  }),
  "all-private": prod(privately),
  "all-private-and-api-in-the-network": prod({ ...privately, "cluster.api": { allow: [] } }),
};
