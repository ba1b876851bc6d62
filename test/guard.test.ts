/** The guard of a stage and its nodes' memberships over gRPC, as a destroy and a replacement use them. */
import { afterEach, describe, expect, it } from "vitest";
import type { Ask } from "../provider/lifecycle/departure.ts";
import { guard } from "../provider/lifecycle/guard.ts";
import { membership } from "../provider/lifecycle/membership.ts";
import { serve } from "../provider/protocol.ts";
import { UserError } from "../provider/resource.ts";
import type { AtHetzner } from "../stacks/cluster/leftovers.ts";
import { providerClient } from "./provider-client.ts";

const open: { close: () => unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

const own = { "managed-by": "k3s-stages", cluster: "shop-prod" };
const empty: AtHetzner = {
  servers: [{ id: 1, name: "shop-prod-server-1", labels: own }],
  networks: [],
  loadBalancers: [],
  volumes: [],
};
const withVolume: AtHetzner = { ...empty, volumes: [{ id: 51, name: "pvc-51", size: 10, server: 1 }] };
const silent = async (): Promise<never> => {
  throw new UserError("nothing listens there (connection refused)");
};
const silentCluster: Ask = silent;
const emptyCluster: Ask = async () => ({ status: 200, text: '{"items":[]}' });

interface World {
  readonly cluster?: Ask;
  readonly hetzner?: () => Promise<AtHetzner>;
  readonly env?: { readonly [name: string]: string };
}

/** Both resources of one plugin, as a destroy meets them. */
async function world({ cluster = emptyCluster, hetzner = async () => empty, env = {} }: World) {
  let gone = false;
  const asked: string[] = [];
  const watched: (server: string) => Ask = (server) => (question) => {
    asked.push(`${server} ${question.method ?? "GET"} ${question.path}`);
    return cluster(question);
  };
  const letGo = () => {
    gone = true;
  };
  const members = membership({
    ...{ open: (_, server) => watched(server), leaving: () => gone, env },
    ...{ pause: 1, patience: 20 },
  });
  const guarded = guard({ cluster: () => cluster, hetzner, env }, letGo);
  const resources = { "gitops:index:Guard": guarded, "gitops:index:Membership": members };
  const server = await serve({ name: "gitops", version: "0.1.0", resources });
  const client = (type: string) => {
    const made = providerClient(server.port, `urn:pulumi:prod::project::gitops:index:${type}::prod`);
    open.push(made);
    return made;
  };
  open.push(server);
  return { guard: client("Guard"), member: client("Membership"), asked };
}

const inputs = { stage: "prod", cluster: "shop-prod" };
const member = {
  node: "shop-prod-server-2",
  role: "server",
  machine: "12",
  own: "https://198.51.100.2:6443",
  servers: ["https://198.51.100.2:6443", "https://198.51.100.1:6443"],
};

describe("the guard of a stage", () => {
  it("lets a stage go that has made nothing for itself", async () => {
    const { guard: client } = await world({});
    await expect(client.remove("shop-prod", inputs)).resolves.toBeUndefined();
  });

  it("refuses with the list and both ways out", async () => {
    const { guard: client } = await world({ hetzner: async () => withVolume });
    await expect(client.remove("shop-prod", inputs)).rejects.toThrow(
      /what would go on costing money:\n {2}volume pvc-51 \(10 GB\)\nDelete those Services .* set K3S_STAGES_DESTROY=prod to leave it all behind\. Nothing was deleted\./,
    );
  });

  it("says what cannot end and what holds it, asks only, and forces nothing (F67)", async () => {
    const uid = "0c1d";
    const service = {
      metadata: {
        ...{ name: "web", namespace: "shop", uid, deletionTimestamp: "2026-01-02T03:04:05Z" },
        finalizers: ["service.kubernetes.io/load-balancer-cleanup"],
      },
      spec: { type: "LoadBalancer" },
    };
    const volume = {
      metadata: { name: "pvc-51", finalizers: ["kubernetes.io/pv-protection"] },
      spec: {
        csi: { driver: "csi.hetzner.cloud", volumeHandle: "51" },
        claimRef: { namespace: "shop", name: "data" },
      },
      status: { phase: "Released" },
    };
    const balancer = {
      id: 9,
      name: "a0c1d",
      labels: { "hcloud-ccm/service-uid": uid },
      targets: [{ server: { id: 1 } }],
    };
    const asked: string[] = [];
    const cluster: Ask = async ({ method = "GET", path }) => {
      asked.push(`${method} ${path}`);
      return { status: 200, text: JSON.stringify({ items: path.endsWith("services") ? [service] : [volume] }) };
    };
    const hetzner = async () => ({ ...withVolume, loadBalancers: [balancer] });
    const { guard: client } = await world({ cluster, hetzner });
    const refused = client.remove("shop-prod", inputs);
    await expect(refused).rejects.toThrow(
      "load balancer a0c1d of the Service shop/web, which is being deleted since 2026-01-02T03:04:05Z and is held by service.kubernetes.io/load-balancer-cleanup\n",
    );
    await expect(refused).rejects.toThrow(
      "volume pvc-51 (10 GB) of the PersistentVolume pvc-51, released and kept, so to be deleted itself, once claimed by shop/data\n",
    );
    expect(asked).toEqual(["GET /api/v1/services", "GET /api/v1/persistentvolumes"]);
  });

  it("lets it go when it is told so by this stage's name, not by another's", async () => {
    const hetzner = async () => withVolume;
    const told = await world({ hetzner, env: { K3S_STAGES_DESTROY: "prod" } });
    await expect(told.guard.remove("shop-prod", inputs)).resolves.toBeUndefined();
    const other = await world({ hetzner, env: { K3S_STAGES_DESTROY: "dev" } });
    await expect(other.guard.remove("shop-prod", inputs)).rejects.toThrow("pvc-51");
  });

  it("asks Hetzner alone when the cluster is silent", async () => {
    const clear = await world({ cluster: silentCluster });
    await expect(clear.guard.remove("shop-prod", inputs)).resolves.toBeUndefined();
    const left = await world({ cluster: silentCluster, hetzner: async () => withVolume });
    await expect(left.guard.remove("shop-prod", inputs)).rejects.toThrow("pvc-51");
  });

  it("does not take silence of Hetzner for an empty account", async () => {
    const { guard: client } = await world({ hetzner: silent });
    await expect(client.remove("shop-prod", inputs)).rejects.toThrow(
      /^.*nobody can say what shop-prod made at Hetzner: nothing listens there.* or set K3S_STAGES_DESTROY=prod/s,
    );
  });
});

describe("a node's membership", () => {
  it("ends with its machine: another one is another membership, the rest changes in place", async () => {
    const { member: client } = await world({});
    const change = (more: object) => client.diff("x", member, { ...member, ...more });
    expect(await change({ machine: "13" })).toMatchObject({ changes: { machine: "UPDATE_REPLACE" } });
    expect(await change({ servers: [] })).toMatchObject({ changes: { servers: "UPDATE" }, replaces: [] });
  });

  it("is given up through another server than the one that stops", async () => {
    const { member: client, asked } = await world({ cluster: async () => ({ status: 404, text: "" }) });
    await expect(client.remove("x", member)).rejects.toThrow("no server answers");
    expect(asked.map((each) => each.split(" ")[0])).toEqual(["https://198.51.100.1:6443", "https://198.51.100.2:6443"]);
  });

  it("is not given up blindly: a silent cluster stops the run, with the way out", async () => {
    const { member: client } = await world({ cluster: silentCluster });
    await expect(client.remove("x", member)).rejects.toThrow(
      /shop-prod-server-2 cannot be taken out of its cluster, because no server answers .*K3S_STAGES_SKIP_DRAIN=shop-prod-server-2/,
    );
  });

  it("is given up undrained when told so by its name, and by a silent cluster too", async () => {
    const env = { K3S_STAGES_SKIP_DRAIN: "shop-prod-server-2" };
    const silence = await world({ cluster: silentCluster, env });
    await expect(silence.member.remove("x", member)).resolves.toBeUndefined();
    const { member: client, asked } = await world({ cluster: async () => ({ status: 200, text: "{}" }), env });
    await client.remove("x", member);
    expect(asked.map((each) => each.split(" ").at(-1))).toEqual([
      "/readyz",
      "/api/v1/nodes/shop-prod-server-2",
      "/api/v1/nodes/shop-prod-server-2",
      "/api/v1/namespaces/kube-system/secrets/shop-prod-server-2.node-password.k3s",
    ]);
  });

  it("means nothing when the whole stage goes, nor for a cluster's only server", async () => {
    const whole = await world({ cluster: silentCluster });
    await whole.guard.remove("shop-prod", inputs);
    await expect(whole.member.remove("x", member)).resolves.toBeUndefined();
    const only = await world({ cluster: silentCluster });
    await expect(only.member.remove("x", { ...member, servers: [member.own] })).resolves.toBeUndefined();
    expect([...whole.asked, ...only.asked]).toEqual([]);
  });
});
