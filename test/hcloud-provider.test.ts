import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Served } from "../provider/protocol.ts";
import { unknown } from "../provider/values.ts";
import { type Hetzner, startHetzner } from "../sandbox/hetzner/start.ts";
import { startHcloudProvider } from "../sandbox/providers/hcloud.ts";
import { hcloudClient } from "./hcloud-client.ts";
import { clusterOf, ids, kindsOf, type Name, node, order, userData } from "./hcloud-cluster.ts";
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

describe("a whole cluster", () => {
  it("is created with Terraform's ids, shows no diff, is read unchanged, and leaves nothing behind", async () => {
    const made = await cluster();
    const { network, server, balancer } = made;
    expect(made.subnet.id).toBe(`${network.id}-10.10.0.0/24`);
    expect(made.balancerNetwork.id).toBe(`${balancer.id}-${network.id}`);
    expect(made.route.id).toBe(`${network.id}-0.0.0.0/0`);
    expect(made.service.id).toBe(`${balancer.id}__6443`);
    expect(made.target.id).toBe(`lb-srv-tgt-${server.id}-${balancer.id}`);
    const kind = kinds();
    for (const name of order) {
      expect([name, (await kind[name].diff(made[name], made[name].inputs)).changes]).toEqual([name, []]);
      const found = await kind[name].read(made[name]);
      expect([name, found?.inputs]).toEqual([name, made[name].inputs]);
      expect([name, (await kind[name].diff(found ?? made[name], made[name].inputs)).changes]).toEqual([name, []]);
    }
    for (const name of order) await kind[name].remove(made[name]);
    expect(Object.values(api.state.counts()).filter((count) => count > 0)).toEqual([]);
    expect(api.journal.unknown()).toEqual([]);
  });

  it("gives the outputs that the program uses", async () => {
    const { server, balancer, subnet, key } = await cluster();
    expect(server.outputs).toMatchObject({
      ...{
        ipv4Address: "203.0.113.118",
        status: "running",
        location: "nbg1",
        image: "ubuntu-24.04",
        primaryDiskSize: 80,
      },
      networks: [{ ip: "10.10.0.11", aliasIps: [], macAddress: expect.stringMatching(/^86:/) }],
    });
    expect(balancer.outputs["ipv4"]).toBe(api.state.loadBalancers()[0]?.ipv4);
    expect(subnet.outputs["gateway"]).toBe("10.10.0.1");
    expect(key.outputs["fingerprint"]).toMatch(/^([0-9a-f]{2}:){15}/);
  });

  it("is gone in every part when somebody deleted it all", async () => {
    const made = await cluster();
    await api.close();
    api = await startHetzner({ token });
    await client.configure({ token, endpoint: api.url, ...poll });
    const kind = kinds();
    for (const name of order) expect([name, await kind[name].read(made[name])]).toEqual([name, undefined]);
  });
});

describe("replacement", () => {
  it.each([
    ["userData", "#cloud-config\n{}\n"],
    ["image", "debian-12"],
    ["location", "fsn1"],
  ])("of a server follows from another %s, the old one going first", async (name, value) => {
    const { server } = await cluster();
    const found = await kinds().server.diff(server, { ...server.inputs, [name]: value });
    expect(found).toEqual({ changes: [name], replaces: [name], deleteFirst: true });
  });

  it("of a server does not follow from what ignoreChanges names", async () => {
    const { server } = await cluster();
    const news = { ...server.inputs, userData: "#cloud-config\n{}\n", labels: { stage: "prod" } };
    expect((await kinds().server.diff(server, news, ["userData"])).changes).toEqual(["labels"]);
  });

  it("follows from values that are not known yet", async () => {
    const { subnet } = await cluster();
    const found = await kinds().subnet.diff(subnet, { ...subnet.inputs, networkId: unknown });
    expect(found).toEqual({ changes: ["networkId"], replaces: ["networkId"], deleteFirst: false });
  });

  it("of an automatically named resource creates the new one first", async () => {
    const { network } = kinds();
    const made = await network.create({ ipRange: "10.20.0.0/16" });
    expect(made.outputs["name"]).toMatch(/^it-[0-9a-f]{7}$/);
    const found = await network.diff(made, { ipRange: "10.30.0.0/16" });
    expect(found).toEqual({ changes: ["ipRange"], replaces: ["ipRange"], deleteFirst: false });
  });
});

describe("user data", () => {
  it("reaches the server and is in the outputs as its SHA-1 only", async () => {
    const { server } = await cluster();
    expect(api.state.userData(ids(server))).toBe(userData);
    expect(server.outputs["userData"]).toBe(createHash("sha1").update(userData).digest("base64"));
    expect(JSON.stringify(server.outputs)).not.toContain("runcmd");
  });
});

describe("deletion of what is gone already", () => {
  const twice = async (name: Name) => {
    const made = await cluster();
    const kind = kinds()[name];
    for (const part of order.slice(0, order.indexOf(name))) await kinds()[part].remove(made[part]);
    await kind.remove(made[name]);
    return kind.remove(made[name]);
  };

  it.each([
    "target",
    "service",
    "balancerNetwork",
    "balancer",
    "key",
    "address",
    "route",
    "subnet",
    "network",
  ] as const)("is a success for %s", async (name) => {
    await expect(twice(name)).resolves.toBeUndefined();
  });

  it.each(["server", "group"] as const)("is the error not_found for %s", async (name) => {
    await expect(twice(name)).rejects.toThrow(/with ID '\d+' not found \(not_found, [0-9a-f]{16}\)$/);
  });

  it("is a crash of the provider for firewall", async () => {
    await expect(twice("firewall")).rejects.toThrow("nil pointer dereference");
  });
});

describe("refusals", () => {
  it("come in the API's words with code and correlation id", async () => {
    await cluster();
    const again = kinds().network.create({ name: "dev", ipRange: "10.0.0.0/8" });
    await expect(again).rejects.toThrow(/^network name is already used \(uniqueness_error, [0-9a-f]{16}\)$/);
  });

  it("name the fields of an invalid input", async () => {
    const made = kinds().server.create({ ...node, name: "dev_1" });
    const words = /\(invalid_input, [0-9a-f]{16}\): \[name => \[must be a valid hostname \(RFC 1123\)\]\]$/;
    await expect(made).rejects.toThrow(words);
  });

  it("tell which action failed", async () => {
    api.faults.failAction("create_server", { code: "action_failed", message: "no luck" });
    await expect(kinds().server.create(node)).rejects.toThrow(/^no luck \(action_failed, \d+\)$/);
  });

  it("stop a private target of a load balancer that is in no network", async () => {
    const { server, balancer, target } = kinds();
    const lb = await balancer.create({ name: "api", loadBalancerType: "lb11", location: "nbg1" });
    const { id } = await server.create(node);
    const made = target.create({ ...{ loadBalancerId: lb.id, type: "server", serverId: id }, usePrivateIp: true });
    await expect(made).rejects.toThrow("no private networks");
  });

  it("name a missing property before anything is sent", async () => {
    expect((await kinds().server.check({ name: "dev" })).failures).toEqual(["serverType"]);
    expect((await kinds().firewall.check({ rules: [{ direction: "in" }] })).failures).toEqual(["rules[0].protocol"]);
  });

  it("meet a token of another length than 64", async () => {
    await expect(client.configure({ token: "short", endpoint: api.url })).rejects.toThrow("exactly 64 characters");
  });

  it("do not meet what the environment says when the configuration says nothing", async () => {
    const env = { HCLOUD_TOKEN: token, HCLOUD_ENDPOINT: api.url };
    const other = await startHcloudProvider({ env });
    const caller = hcloudClient(other.port);
    await caller.configure({});
    const made = await kindsOf(caller).network.create({ name: "dev", ipRange: "10.10.0.0/16" });
    expect(api.state.networks()[0]?.id).toBe(ids(made));
    caller.close();
    await other.close();
  });

  it("meet every endpoint that is not on this machine", async () => {
    const endpoint = "https://api.hetzner.cloud/v1";
    await expect(client.configure({ token, endpoint })).rejects.toThrow("loopback only");
  });
});

describe("preview", () => {
  it("sends nothing and leaves open what only the API knows", async () => {
    const { outputs } = await kinds().server.create(
      { ...node, userData, networks: [{ networkId: unknown, aliasIps: [] }] },
      true,
    );
    expect(outputs).toMatchObject({ ipv4Address: unknown, serverType: "cpx22", deleteProtection: false });
    expect(api.journal.entries()).toEqual([]);
  });
});
