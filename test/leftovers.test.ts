import { describe, expect, it } from "vitest";
import { type AtHetzner, type InCluster, type Item, isOfStage, madeByCluster } from "../stacks/cluster/leftovers.ts";

const own = { "managed-by": "k3s-stages", cluster: "shop-prod" };
const balancer = (name: string, more: Partial<Item> = {}): Item => ({ id: 70, name, labels: {}, ...more });
const volume = (id: number, more: Partial<Item> = {}): Item => ({
  id,
  name: `pvc-${id}`,
  size: 10,
  server: null,
  ...more,
});

const hetzner = (more: Partial<AtHetzner>): AtHetzner => ({
  servers: [
    { id: 1, name: "shop-prod-server-1", labels: own },
    { id: 2, name: "other", labels: { cluster: "other" } },
  ],
  networks: [{ id: 9, name: "shop-prod", labels: own }],
  loadBalancers: [balancer("shop-prod-api", { labels: own, targets: [{ server: { id: 1 } }] })],
  volumes: [],
  ...more,
});
const cluster: InCluster = {
  services: [{ metadata: { name: "web", namespace: "shop", uid: "u-1" }, spec: { type: "LoadBalancer" } }],
  volumes: [
    {
      metadata: { name: "pv-a" },
      spec: {
        csi: { driver: "csi.hetzner.cloud", volumeHandle: "51" },
        claimRef: { namespace: "shop", name: "data" },
      },
    },
    { metadata: { name: "pv-b" }, spec: { csi: { driver: "example.com", volumeHandle: "52" } } },
  ],
};
const found = (more: Partial<AtHetzner>, inCluster: InCluster | undefined = cluster) =>
  madeByCluster("shop-prod", hetzner(more), inCluster);

describe("what a cluster made for itself", () => {
  it("is nothing when everything is the program's", () => expect(found({})).toEqual([]));

  it("is a load balancer before its servers or in its network, named with its Service", () => {
    const labels = { "hcloud-ccm/service-uid": "u-1" };
    const loadBalancers = [
      balancer("a1b2", { labels, targets: [{ server: { id: 1 } }] }),
      balancer("c3d4", { private_net: [{ network: 9 }] }),
      balancer("others", { targets: [{ server: { id: 2 } }] }),
    ];
    expect(found({ loadBalancers })).toEqual(["load balancer a1b2 of the Service shop/web", "load balancer c3d4"]);
  });

  it("is a volume on its servers, or one that its volumes name, attached or not", () => {
    const volumes = [volume(50, { server: 1 }), volume(51), volume(52), volume(53, { server: 2 })];
    expect(found({ volumes })).toEqual([
      "volume pvc-50 (10 GB)",
      "volume pvc-51 (10 GB) of the PersistentVolume pv-a, claimed by shop/data",
    ]);
  });

  it("may be any volume of the driver's that hangs nowhere, while the cluster says nothing", () => {
    const labels = { "managed-by": "csi-driver" };
    const volumes = [volume(51, { labels }), volume(52, { labels, server: 2 }), volume(53)];
    expect(madeByCluster("shop-prod", hetzner({ volumes }), undefined)).toEqual(["volume pvc-51 (10 GB)"]);
    expect(found({ volumes: [volume(54, { labels })] })).toEqual([]);
  });
});

describe("what is of a stage", () => {
  it.each([
    [{ name: "shop-prod" }, true],
    [{ name: "shop-prod-server-1" }, true],
    [{ name: "anything", labels: { cluster: "shop-prod" } }, true],
    [{ name: "shop-production" }, false],
    [{ name: "shop-dev" }, false],
  ])("%o: %s", (item, expected) => expect(isOfStage("shop-prod", { id: 1, ...item })).toBe(expected));
});
