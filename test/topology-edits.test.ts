import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Topology, topology } from "../stacks/cluster/topology.ts";
import type { Cluster } from "../stacks/config/cluster.ts";
import { stageOf } from "./node-plan.ts";

const seed = stageOf("prod").stage;
const plan = (cluster: Cluster): Topology => topology({ project: "shop" }, { ...seed, cluster });

const pool = { type: "cpx32", locations: ["nbg1"], labels: {}, taints: [], generations: {} };
const names = ["api", "batch", "gateway", "ingress", "web"];

/** Five pools that may be there; each has its subnet by its name, as a person would never change it. */
const pools = fc
  .tuple(...names.map(() => fc.option(fc.record({ count: fc.nat({ max: 24 }), public: fc.boolean() }))))
  .map((all) =>
    all.flatMap((own, index) =>
      own ? [{ ...pool, ...own, name: names[index] ?? "", subnet: `10.30.${index + 1}.0/24` }] : [],
    ),
  );

const servers = fc.constantFrom<1 | 3 | 5>(1, 3, 5).map((count) => ({ ...seed.cluster.servers, count }));

const clusters: fc.Arbitrary<Cluster> = fc
  .record({
    servers,
    pools,
    gateway: fc.constantFrom(undefined, { type: "cpx12", location: "nbg1" }),
    ingress: fc.constantFrom("node" as const, "load-balancer" as const),
    via: fc.constantFrom("server" as const, "load-balancer" as const),
    protect: fc.boolean(),
  })
  .map(({ via, ...rest }) => ({ ...seed.cluster, ...rest, api: { allow: ["0.0.0.0/0"], via } }));

/** What would replace, move or renumber a thing, by the kind and name that it has at Hetzner. */
function identities({ nodes, addresses, placementGroups, loadBalancers, network, gateway }: Topology) {
  const rows: readonly (readonly [string, unknown])[] = [
    ...nodes.map(
      (node) =>
        [`server ${node.name}`, [node.address, node.placementGroup, node.location, node.type, node.labels]] as const,
    ),
    ...(gateway ? [[`server ${gateway.name}`, [gateway.address, gateway.location, gateway.labels]] as const] : []),
    ...addresses.map(({ name, location, labels }) => [`primary IP ${name}`, [location, labels]] as const),
    ...placementGroups.map(({ name, labels }) => [`placement group ${name}`, labels] as const),
    ...loadBalancers.map(
      ({ name, address, location, labels }) => [`load balancer ${name}`, [address, location, labels]] as const,
    ),
    ...network.subnets.map(({ name, range }) => [`subnet ${name}`, range] as const),
  ];
  return { rows, byName: new Map(rows) };
}

describe("any edit of a cluster", () => {
  it("leaves name, address, place, group and labels of everything that stays (F12)", () => {
    fc.assert(
      fc.property(clusters, clusters, (before, after) => {
        const [old, now] = [identities(plan(before)).byName, identities(plan(after)).byName];
        for (const [name, identity] of now) if (old.has(name)) expect([name, identity]).toEqual([name, old.get(name)]);
      }),
    );
  });

  it("takes away and adds exactly what it names, and no name stands for two things (F12)", () => {
    fc.assert(
      fc.property(clusters, (cluster) => {
        const { rows, byName } = identities(plan(cluster));
        expect(byName.size).toBe(rows.length);
        const servers = [...byName.keys()].filter((name) => name.startsWith("server "));
        const nodes = cluster.pools.reduce<number>((sum, { count }) => sum + count, cluster.servers.count);
        expect(servers).toHaveLength(nodes + (cluster.gateway ? 1 : 0));
      }),
    );
  });

  it("gives no two machines or load balancers one private address", () => {
    fc.assert(
      fc.property(clusters, (cluster) => {
        const { nodes, loadBalancers, gateway, network } = plan(cluster);
        const all = [...nodes, ...loadBalancers, ...(gateway ? [gateway] : [])].map(({ address }) => address);
        expect(new Set([...all, network.router]).size).toBe(all.length + 1);
      }),
    );
  });

  it("does not see the order in which pools are written", () => {
    fc.assert(
      fc.property(clusters, (cluster) => {
        const reversed = { ...cluster, pools: cluster.pools.toReversed() };
        expect(identities(plan(reversed)).byName).toEqual(identities(plan(cluster)).byName);
      }),
    );
  });
});

describe("every cluster", () => {
  it("has a public address for each machine that is to have one, and for no other", () => {
    fc.assert(
      fc.property(clusters, (cluster) => {
        const { nodes, gateway, addresses } = plan(cluster);
        const wanted = [...nodes.filter((node) => node.public), ...(gateway ? [gateway] : [])].map(({ name }) => name);
        expect(addresses.map(({ name }) => name)).toEqual(wanted);
      }),
    );
  });

  it("keeps servers, their addresses, the network and its fronts when it is protected, and lets agents go", () => {
    fc.assert(
      fc.property(clusters, (cluster) => {
        const { nodes, gateway, addresses, protect } = plan(cluster);
        expect(protect).toBe(cluster.protect);
        for (const { role, protect: kept } of nodes) expect(kept).toBe(cluster.protect && role === "server");
        for (const { labels, protect: kept } of addresses)
          expect(kept).toBe(cluster.protect && labels["role"] !== "agent");
        if (gateway) expect(gateway.protect).toBe(cluster.protect);
      }),
    );
  });
});
