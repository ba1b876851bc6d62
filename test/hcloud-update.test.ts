import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Served } from "../provider/protocol.ts";
import type { Properties } from "../provider/values.ts";
import { type Hetzner, startHetzner } from "../sandbox/hetzner/start.ts";
import { startHcloudProvider } from "../sandbox/providers/hcloud.ts";
import { hcloudClient } from "./hcloud-client.ts";
import { clusterOf, ids, kindsOf, type Name, rule } from "./hcloud-cluster.ts";
import { hetznerToken as token } from "./hetzner-client.ts";

let api: Hetzner;
let served: Served;
let client: ReturnType<typeof hcloudClient>;

const poll = { pollInterval: "5ms", pollFunction: "constant" };

beforeEach(async () => {
  api = await startHetzner({ token, actionMilliseconds: 3 });
  served = await startHcloudProvider();
  client = hcloudClient(served.port);
  await client.configure({ token, endpoint: api.url, ...poll });
});

afterEach(async () => {
  client.close();
  await served.close();
  await api.close();
});

const kinds = () => kindsOf(client);
const cluster = () => clusterOf(client);

const serverNow = () => api.state.servers()[0];

describe("update in place", () => {
  const changed = async (name: Name, more: Properties) => {
    const made = await cluster();
    const kind = kinds()[name];
    const news = { ...made[name].inputs, ...more };
    const { changes, replaces } = await kind.diff(made[name], news);
    expect([changes, replaces]).toEqual([Object.keys(more), []]);
    api.journal.clear();
    const updated = await kind.update(made[name], news);
    expect((await kind.diff(updated, news)).changes).toEqual([]);
    expect((await kind.read(updated))?.inputs).toEqual(updated.inputs);
  };

  it("changes a server's labels with one write", async () => {
    await changed("server", { labels: { stage: "dev", node: "1" } });
    expect(api.journal.writes()).toEqual(["PUT /servers/:id"]);
    expect(serverNow()?.labels).toEqual({ stage: "dev", node: "1" });
  });

  it("changes a server's type hard: off, then the type", async () => {
    await changed("server", { serverType: "cpx32" });
    const path = "POST /servers/:id/actions";
    expect(api.journal.writes()).toEqual([`${path}/poweroff`, `${path}/change_type`]);
  });

  it("moves a server's private address by attaching it again", async () => {
    const made = await cluster();
    const networks = [{ networkId: ids(made.network), ip: "10.10.0.12", aliasIps: [] }];
    await kinds().server.update(made.server, { ...made.server.inputs, networks });
    expect(serverNow()?.private_net[0]?.ip).toBe("10.10.0.12");
  });

  it("protects a server", async () => {
    await changed("server", { deleteProtection: true, rebuildProtection: true });
    expect(serverNow()?.protection).toEqual({ delete: true, rebuild: true });
  });

  it("protects an address, and labels it", async () => {
    await changed("address", { labels: { stage: "dev" }, deleteProtection: true });
    const [address] = api.state.primaryIps().filter(({ name }) => name === "dev-server-1");
    expect(address).toMatchObject({ protection: { delete: true }, labels: { stage: "dev" }, auto_delete: false });
  });

  it("takes a server out of a firewall", async () => {
    const { server } = await cluster();
    await kinds().server.update(server, { ...server.inputs, firewallIds: [] });
    expect(api.state.firewalls()[0]?.applied_to).toEqual([]);
  });

  it("sets a firewall's rules", () => changed("firewall", { rules: [rule, { ...rule, port: "443" }] }));
  it("renames a network", () => changed("network", { name: "other" }));
  it("labels a placement group", () => changed("group", { labels: { stage: "dev" } }));
  it("labels an SSH key", () => changed("key", { labels: { stage: "dev" } }));
  it("changes a load balancer's algorithm", () => changed("balancer", { algorithm: { type: "least_connections" } }));
  it("changes a service's destination", () => changed("service", { destinationPort: 6444 }));

  it("changes what a service's health check takes for an answer", () =>
    changed("service", {
      healthCheck: {
        ...{ protocol: "http", port: 6443, interval: 10, timeout: 5, retries: 3 },
        http: { path: "/readyz", tls: true, statusCodes: ["200", "401"] },
      },
    }));

  it("closes a load balancer's public interface", async () => {
    await changed("balancerNetwork", { enablePublicInterface: false });
    expect(api.state.loadBalancers()[0]?.public).toBe(false);
  });

  it("shows drift after a refresh, as an update back", async () => {
    const { server } = await cluster();
    const headers = { authorization: `Bearer ${token}` };
    const body = JSON.stringify({ labels: { stage: "stolen" } });
    await fetch(`${api.url}/servers/${server.id}`, { method: "PUT", headers, body });
    const refreshed = await kinds().server.read(server);
    expect((await kinds().server.diff(refreshed ?? server, server.inputs)).changes).toEqual(["labels"]);
  });

  // terraform-provider-hcloud#650, pulumi-hcloud#170
  it("is asked for again and again when aliasIps is left out", async () => {
    const { server, network } = await cluster();
    const networks = [{ networkId: ids(network), ip: "10.10.0.11" }];
    expect((await kinds().server.diff(server, { ...server.inputs, networks })).changes).toEqual(["networks"]);
  });
});
