import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { firewallRules } from "../stacks/cluster/plan/firewall.ts";
import { type Topology, topology } from "../stacks/cluster/topology.ts";
import { cidr, contains } from "../stacks/config/cidr.ts";
import type { Cluster } from "../stacks/config/cluster.ts";
import type { Stage } from "../stacks/config/fleet.ts";
import { stageOf } from "./node-plan.ts";

const planned = (stage: string) => topology(stageOf(stage).fleet, stageOf(stage).stage);

const seed = stageOf("prod").stage;
const plan = (cluster: Partial<Cluster>, stage: Partial<Stage> = {}): Topology =>
  topology({ project: "shop" }, { ...seed, ...stage, cluster: { ...seed.cluster, ...cluster } });

const must = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error("the seed has changed");
  return value;
};

const pool = { type: "cpx32", locations: ["nbg1"], labels: {}, taints: [], public: true, generations: {} };

const identities = ({ nodes }: Topology) =>
  new Map(nodes.map(({ name, address, placementGroup, labels }) => [name, { address, placementGroup, labels }]));

describe("the seed's clusters", () => {
  it("dev is one server that starts the cluster by itself", () => {
    const { cluster, nodes, loadBalancers, placementGroups } = planned("dev");
    expect(cluster).toBe("k3s-stages-dev");
    expect(loadBalancers).toEqual([]);
    expect(placementGroups.map(({ name }) => name)).toEqual(["k3s-stages-dev-server-spread-1"]);
    expect(nodes.map(({ name, address, join, type }) => [name, address, join, type])).toEqual([
      ["k3s-stages-dev-server-1", "10.10.0.11", undefined, "cpx22"],
    ]);
  });

  it("prod is three servers behind a private load balancer, and two agents", () => {
    const { nodes, loadBalancers } = planned("prod");
    expect(loadBalancers).toMatchObject([{ name: "k3s-stages-prod-api", address: "10.30.0.10", public: false }]);
    expect(nodes.map(({ name, role, address, join }) => [name, role, address, join])).toEqual([
      ["k3s-stages-prod-server-1", "server", "10.30.0.11", undefined],
      ["k3s-stages-prod-server-2", "server", "10.30.0.12", "https://10.30.0.10:6443"],
      ["k3s-stages-prod-server-3", "server", "10.30.0.13", "https://10.30.0.10:6443"],
      ["k3s-stages-prod-web-1", "agent", "10.30.1.11", "https://10.30.0.10:6443"],
      ["k3s-stages-prod-web-2", "agent", "10.30.1.12", "https://10.30.0.10:6443"],
    ]);
  });

  it("have a subnet per pool", () => {
    expect(planned("prod").network.subnets).toEqual([
      { name: "k3s-stages-prod-server", range: "10.30.0.0/24" },
      { name: "k3s-stages-prod-web", range: "10.30.1.0/24" },
    ]);
  });
});

describe("joins", () => {
  it("go to the only server where there is no load balancer", () => {
    const agents = plan({ servers: { ...seed.cluster.servers, count: 1 } }).nodes.slice(1);
    expect(agents.map(({ join }) => join)).toEqual(["https://10.30.0.11:6443", "https://10.30.0.11:6443"]);
  });

  it("will find the load balancer's address in the certificate of a single server, should it get company", () => {
    expect(planned("dev").tlsSans).toEqual(["10.10.0.10"]);
    expect(planned("prod").tlsSans).toEqual(["10.30.0.10"]);
  });
});

describe("generations", () => {
  const servers = (count: 1 | 3, first: number) => ({ ...seed.cluster.servers, count, generations: { 1: first } });
  const starting = (cluster: Partial<Cluster>) =>
    plan(cluster)
      .nodes.filter(({ join }) => join === undefined)
      .map(({ name }) => name);

  it("change a node's label and nothing else of the plan", () => {
    const [web1, web2] = plan({ pools: [{ ...must(seed.cluster.pools[0]), generations: { 2: 4 } }] }).nodes.slice(3);
    expect([web1?.generation, web2?.generation, web2?.labels["generation"]]).toEqual([1, 4, "4"]);
    const [, before] = plan({}).nodes.slice(3);
    expect({ ...web2, generation: 1, labels: {} }).toEqual({ ...before, labels: {} });
  });

  it("have the first server join the others when it is made again, where it once started the cluster", () => {
    expect(starting({ servers: servers(3, 1) })).toEqual(["shop-prod-server-1"]);
    expect(starting({ servers: servers(3, 2) })).toEqual([]);
  });

  it("have it start the cluster again when it is the only one, or begins with a snapshot", () => {
    expect(starting({ servers: servers(1, 2) })).toEqual(["shop-prod-server-1"]);
    const restore = { snapshot: "nightly", generation: 2 };
    expect(starting({ servers: servers(3, 2), restore })).toEqual(["shop-prod-server-1"]);
    expect(starting({ servers: servers(3, 3), restore })).toEqual([]);
  });
});

describe("the firewall", () => {
  const open = (allow: readonly string[]) =>
    plan({ api: { allow, via: "server" } }).firewall.rules.map(({ protocol, port, sources }) => [
      protocol,
      port,
      sources,
    ]);
  const everyone = ["0.0.0.0/0", "::/0"];

  it("opens the apps' ports and ping to everyone, the API to the named ranges, and nothing else", () => {
    expect(open(["203.0.113.0/24", "2001:db8::/48"])).toEqual([
      ["tcp", "80", everyone],
      ["tcp", "443", everyone],
      ["tcp", "6443", ["203.0.113.0/24", "2001:db8::/48"]],
      ["icmp", undefined, everyone],
    ]);
  });

  it("has no rule for the API when nobody is named, since Hetzner refuses one without a source", () => {
    expect(open([]).map(([, port]) => port)).toEqual(["80", "443", undefined]);
  });
});

describe("placement groups", () => {
  const groups = (count: number) =>
    plan({ pools: [{ ...pool, name: "web", subnet: "10.30.1.0/24", count }] }).placementGroups.map(({ name }) => name);

  it.each([
    [0, []],
    [10, ["shop-prod-web-spread-1"]],
    [11, ["shop-prod-web-spread-1", "shop-prod-web-spread-2"]],
    [20, ["shop-prod-web-spread-1", "shop-prod-web-spread-2"]],
  ])("of a pool of %i take ten each", (count, names) => {
    expect(groups(count)).toEqual(["shop-prod-server-spread-1", ...names]);
  });
});

describe("any cluster", () => {
  const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/).filter((name) => name !== "server");
  const pools = fc
    .uniqueArray(fc.record({ name: label, count: fc.nat({ max: 24 }) }), {
      maxLength: 3,
      selector: ({ name }) => name,
    })
    .map((all) => all.map((own, index) => ({ ...pool, ...own, subnet: `10.30.${index + 1}.0/24` })));
  const count = fc.constantFrom<1 | 3 | 5>(1, 3, 5);
  const clusters = fc.record({
    servers: count.map((servers) => ({ ...seed.cluster.servers, count: servers })),
    pools,
  });

  it("has names that Kubernetes and Hetzner take, each once, and addresses in the node's own subnet, each once", () => {
    fc.assert(
      fc.property(clusters, (cluster) => {
        const { nodes, loadBalancers, network } = plan(cluster);
        const names = nodes.map(({ name }) => name);
        for (const name of names) expect(name).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
        const taken = [...[...nodes, ...loadBalancers].map(({ address }) => address), "10.30.0.1"];
        expect(new Set(names).size).toBe(names.length);
        expect(new Set(taken).size).toBe(taken.length);
        for (const { address, pool } of nodes) {
          const subnet = network.subnets.find(({ name }) => name === `shop-prod-${pool}`);
          expect(contains(cidr(subnet?.range ?? "0.0.0.0/32"), cidr(`${address}/32`))).toBe(true);
        }
      }),
    );
  });

  it("keeps a node's name, address, group and labels when another pool grows, shrinks or goes (F12)", () => {
    fc.assert(
      fc.property(clusters, fc.nat(), fc.option(fc.nat({ max: 24 })), (cluster, pick, size) => {
        const changed = cluster.pools[pick % (cluster.pools.length || 1)];
        const resized = cluster.pools.flatMap((pool) => {
          if (pool !== changed) return [pool];
          return size === null ? [] : [{ ...pool, count: size }];
        });
        const before = identities(plan(cluster));
        const after = identities(plan({ ...cluster, pools: resized }));
        const others = plan(cluster).nodes.filter(({ pool }) => pool !== changed?.name);
        for (const { name } of others) expect(after.get(name)).toEqual(before.get(name));
        const shared = [...after.keys()].filter((name) => before.has(name));
        for (const name of shared) expect(after.get(name)).toEqual(before.get(name));
      }),
    );
  });

  it("puts at most ten nodes into a placement group, and every node into one that exists", () => {
    fc.assert(
      fc.property(clusters, (cluster) => {
        const { nodes, placementGroups } = plan(cluster);
        const members = placementGroups.map(
          (group) => nodes.filter(({ placementGroup }) => placementGroup === group.name).length,
        );
        expect(members.reduce((sum, each) => sum + each, 0)).toBe(nodes.length);
        for (const each of members) expect(each).toBeLessThanOrEqual(10);
      }),
    );
  });

  it("labels everything with cluster, stage, role and owner, in values that Hetzner takes", () => {
    fc.assert(
      fc.property(clusters, (cluster) => {
        const { nodes, placementGroups, loadBalancers, addresses, network, firewall } = plan(cluster);
        const all = [...nodes, ...placementGroups, ...loadBalancers, ...addresses, network, firewall];
        for (const { labels } of all) {
          expect(labels).toMatchObject({ cluster: "shop-prod", stage: "prod", "managed-by": "k3s-stages" });
          for (const value of [labels["role"], ...Object.values(labels)])
            expect(value).toMatch(/^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/);
        }
      }),
    );
  });
});

it("takes as many ranges for the API as a Hetzner firewall has room for, and not one more", () => {
  const ranges = (count: number) =>
    Array.from({ length: count }, (_, index) => `198.51.${Math.floor(index / 256)}.${index % 256}/32`);
  const staged = (count: number) => stageOf("dev", { "Pulumi.dev.yaml": { "cluster.api.allow": ranges(count) } });
  const sources = firewallRules(staged(494).stage.cluster).flatMap((rule) => rule.sources);
  expect(sources).toHaveLength(500);
  expect(() => staged(495)).toThrow(
    "cluster.api.allow: 495 ranges; a Hetzner firewall takes 494 beside its own: join neighbours, or name a VPN's",
  );
});
