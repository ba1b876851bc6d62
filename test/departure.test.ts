import { describe, expect, it } from "vitest";
import { type Ask, abandon, depart, type Reply } from "../provider/lifecycle/departure.ts";
import { evictable, otherServers } from "../stacks/cluster/departure.ts";

const node = (name: string, ready = "True") => ({
  metadata: {
    name,
    labels: { "node-role.kubernetes.io/control-plane": "true", "node-role.kubernetes.io/etcd": "true" },
    annotations: {} as Record<string, string>,
  },
  spec: {} as { providerID?: string },
  status: { conditions: [{ type: "Ready", status: ready }] },
});
const pod = (name: string, more: object = {}) => ({ metadata: { name, namespace: "shop", ...more } });
const daemon = { ownerReferences: [{ kind: "DaemonSet", controller: true }] };

/** Three servers and what runs on the second; writes down what is asked. Stands for the API as far as a departure asks it. */
function api(change: { readonly budget?: number; readonly broken?: string; readonly alone?: boolean } = {}) {
  const said: string[] = [];
  const names = change.alone ? ["s-2"] : ["s-1", "s-2", "s-3"];
  const nodes = new Map(names.map((name) => [name, node(name, name === change.broken ? "False" : "True")]));
  const pods = new Map([pod("web-1"), pod("web-2"), pod("log", daemon)].map((each) => [each.metadata.name, each]));
  let held = change.budget ?? 0;
  const json = (body: object, status = 200): Reply => ({ status, text: JSON.stringify(body) });
  const ask: Ask = async ({ method = "GET", path, body = "" }) => {
    if (method !== "GET")
      said.push(`${method} ${path.replace("/api/v1/", "")} ${method === "PATCH" ? body : ""}`.trim());
    const name = path.split("/")[4] ?? "";
    if (path === "/api/v1/nodes") return json({ items: [...nodes.values()] });
    if (path.startsWith("/api/v1/pods?")) return json({ items: [...pods.values()] });
    if (path.endsWith("/eviction")) {
      const evicted = path.split("/")[6] ?? "";
      if (evicted === "web-2" && held-- > 0) return json({}, 429);
      pods.delete(evicted);
      return json({}, 201);
    }
    const found = nodes.get(name);
    if (!path.startsWith("/api/v1/nodes/")) return json({}, 404);
    if (!found) return json({}, 404);
    if (method === "DELETE") nodes.delete(name);
    if (body.includes("cattle.io/remove")) found.metadata.annotations["etcd.k3s.cattle.io/removed-node-name"] = name;
    return json(found);
  };
  return { said, nodes, pods, ask };
}

const departure = (ask: Ask, role = "server", patience = 60_000) => ({
  ...{ name: "s-2", role, machine: "42", ask, log: async () => {}, signal: new AbortController().signal },
  ...{ pause: 5, patience },
});
const leaving = (...args: Parameters<typeof departure>) => depart(departure(...args));

describe("a node that goes", () => {
  it("takes no new pods, is emptied, leaves etcd, and is forgotten with its password, in this order", async () => {
    const { said, ask, nodes, pods } = api();
    await leaving(ask);
    expect(said).toEqual([
      'PATCH nodes/s-2 {"spec":{"unschedulable":true}}',
      "POST namespaces/shop/pods/web-1/eviction",
      "POST namespaces/shop/pods/web-2/eviction",
      'PATCH nodes/s-2 {"metadata":{"annotations":{"etcd.k3s.cattle.io/remove":"true"}}}',
      "DELETE nodes/s-2",
      "DELETE namespaces/kube-system/secrets/s-2.node-password.k3s",
    ]);
    expect([[...nodes.keys()], [...pods.keys()]]).toEqual([["s-1", "s-3"], ["log"]]);
  });

  it("is no member of etcd when it is an agent", async () => {
    const { said, ask } = api({ broken: "s-1" });
    await leaving(ask, "agent");
    expect(said.some((each) => each.includes("etcd"))).toBe(false);
    expect(said).toContain("DELETE nodes/s-2");
  });

  it("waits for a disruption budget", async () => {
    const { said, ask } = api({ budget: 2 });
    await leaving(ask);
    expect(said.filter((each) => each.includes("web-2"))).toHaveLength(3);
    expect(said.at(-2)).toBe("DELETE nodes/s-2");
  });

  it("stays when a budget never gives way, and says which pod and what to do", async () => {
    const { said, ask } = api({ budget: 10_000 });
    await expect(leaving(ask, "server", 200)).rejects.toThrow(
      /^s-2 still runs shop\/web-2 \(a disruption budget holds it\)\. Nothing was deleted; .* K3S_STAGES_SKIP_DRAIN=s-2 where .* run again$/,
    );
    expect(said.some((each) => each.startsWith("DELETE"))).toBe(false);
  });

  it("stays while another server is not Ready", async () => {
    const { said, ask } = api({ broken: "s-3" });
    await expect(leaving(ask, "server", 200)).rejects.toThrow(
      /^s-2 may not leave while s-3 is not Ready: etcd could lose its majority/,
    );
    expect(said).toEqual([]);
  });

  it("hands nothing over when it is the last server", async () => {
    const { said, ask } = api({ alone: true });
    await leaving(ask);
    expect(said).toEqual([]);
  });

  it("stays when another machine is it by now, as after a state was restored that is older than the machine", async () => {
    const { said, ask, nodes } = api();
    nodes.set("s-2", { ...node("s-2"), spec: { providerID: "hcloud://43" } });
    await leaving(ask);
    expect(said).toEqual([]);
    nodes.set("s-2", { ...node("s-2"), spec: { providerID: "hcloud://42" } });
    await leaving(ask);
    expect(said).toContain("DELETE nodes/s-2");
  });

  it("goes under the id of a machine before it too, which a restored snapshot has", async () => {
    const { said, ask, nodes } = api();
    nodes.set("s-2", { ...node("s-2"), spec: { providerID: "hcloud://41" } });
    await leaving(ask);
    expect(said).toContain("DELETE nodes/s-2");
  });

  it("is only forgotten when it goes as it is, whatever runs there and whoever is away", async () => {
    const { said, ask, nodes } = api({ budget: 10_000, broken: "s-3" });
    await abandon(departure(ask));
    expect(said).toEqual(["DELETE nodes/s-2", "DELETE namespaces/kube-system/secrets/s-2.node-password.k3s"]);
    nodes.set("s-2", { ...node("s-2"), spec: { providerID: "hcloud://43" } });
    await abandon(departure(ask));
    expect(nodes.has("s-2")).toBe(true);
  });

  it("is done when the cluster does not know it, as after an interruption", async () => {
    const { said, ask, nodes } = api();
    nodes.delete("s-2");
    await leaving(ask);
    expect(said).toEqual([]);
  });
});

describe("of the pods", () => {
  it("those of DaemonSets, static and finished ones stay", () => {
    const pods = [
      pod("daemon", daemon),
      pod("static", { annotations: { "kubernetes.io/config.mirror": "x" } }),
      { ...pod("finished"), status: { phase: "Succeeded" } },
      pod("bare"),
      pod("owned", { ownerReferences: [{ kind: "ReplicaSet", controller: true }] }),
    ];
    expect(evictable(pods).map(({ metadata }) => metadata.name)).toEqual(["bare", "owned"]);
  });

  it("agents are no servers that etcd counts on", () => {
    const agent = { metadata: { name: "web-1", labels: {} } };
    expect(otherServers([node("s-1"), node("s-3", "False"), agent], "s-1")).toEqual({
      names: ["s-3"],
      notReady: ["s-3"],
    });
  });
});
