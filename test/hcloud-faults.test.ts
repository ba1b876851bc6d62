/** What goes wrong between the provider and Hetzner, one thing at a time, and what the next runs make of it. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Served } from "../provider/protocol.ts";
import { noAnswer } from "../sandbox/hetzner/error.ts";
import { type Hetzner, startHetzner } from "../sandbox/hetzner/start.ts";
import { startHcloudProvider } from "../sandbox/providers/hcloud.ts";
import { isUnsure, wayOut } from "../stacks/cluster/way-out.ts";
import { HalfMade, hcloudClient } from "./hcloud-client.ts";
import { clusterOf, ids, kindsOf, node, rule, userData } from "./hcloud-cluster.ts";
import { hetznerToken as token } from "./hetzner-client.ts";

let api: Hetzner;
let served: Served;
let client: ReturnType<typeof hcloudClient>;

/** In milliseconds. */
interface Pace {
  /** How long an action of Hetzner's takes, and how long the provider waits for it at most. */
  readonly action?: number;
  readonly deadline?: number;
  /** Before a second try. */
  readonly pause?: number;
}

/** As it is, no machine is so busy that the deadline passes before an action is over. */
async function begin({ action = 20, deadline = 60_000, pause = 1 }: Pace = {}): Promise<void> {
  api = await startHetzner({ token, actionMilliseconds: action });
  served = await startHcloudProvider({ pauseMilliseconds: pause, deadlineMilliseconds: deadline });
  client = hcloudClient(served.port);
  await client.configure({ token, endpoint: api.url, pollInterval: "1ms", pollFunction: "constant" });
}

async function end(): Promise<void> {
  client.close();
  await served.close();
  await api.close();
}

async function at(pace: Pace): Promise<void> {
  await end();
  await begin(pace);
}

beforeEach(() => begin());
afterEach(end);

const kinds = () => kindsOf(client);
const attach = "POST /servers/:id/actions/attach_to_network";
const sent = (operation: string) => api.journal.entries().filter((entry) => entry.operation === operation).length;
const refused = (work: Promise<unknown>) =>
  work.then(
    () => "",
    (error: Error) => error.message,
  );
const network = () => kinds().network.create({ name: "dev", ipRange: "10.10.0.0/16" });
const zone = { networkZone: "eu-central", type: "cloud" };

/** A server in a network; `trouble` begins when the network is there. */
async function server(trouble = () => {}) {
  const made = await network();
  await kinds().subnet.create({ networkId: made.id, ...zone, ipRange: "10.10.0.0/24" });
  const networks = [{ networkId: ids(made), ip: "10.10.0.11", aliasIps: [] }];
  trouble();
  return kinds().server.create({ ...node, userData, networks });
}

describe("a request", () => {
  const locked = { code: "locked", message: "server is locked" };

  it("to a locked server is sent again while it is locked (F24)", async () => {
    api.faults.failNext(attach, locked, 2);
    await server();
    expect(sent(attach)).toBe(3);
  });

  it("to a server that stays locked is given up after five tries, with what there is in the state (F24)", async () => {
    api.faults.failNext(attach, locked, 100);
    const made = await server().catch((error: unknown) => error);
    expect(made).toBeInstanceOf(HalfMade);
    expect(made).toMatchObject({ id: String(api.state.servers()[0]?.id), message: expect.stringContaining("(locked") });
    expect(sent(attach)).toBe(5);
  });

  it("for two subnets at once meets the network's lock and is sent again: both are there once (F25)", async () => {
    // Long enough for the second to come meanwhile; five tries, the last after 7.5 s, outlast it.
    await at({ action: 1000, pause: 500 });
    const made = await network();
    const ranges = ["10.10.0.0/24", "10.10.1.0/24"];
    await Promise.all(ranges.map((ipRange) => kinds().subnet.create({ networkId: made.id, ...zone, ipRange })));
    expect(api.journal.entries().some(({ code }) => code === "conflict")).toBe(true);
    expect(
      api.state
        .networks()[0]
        ?.subnets.map(({ ip_range }) => ip_range)
        .toSorted(),
    ).toEqual(ranges);
  });

  it("whose connection is lost is not sent again by itself, and nobody knows whether it was done (F20)", async () => {
    api.faults.failNext("POST /networks", noAnswer);
    const lost = await refused(network());
    expect([sent("POST /networks"), isUnsure(lost)]).toEqual([1, true]);
    expect(wayOut(lost)).toContain("Run `pulumi up --refresh` later");
  });
});

describe("an action", () => {
  it.each([
    ["create_server", "the server is there, and off"],
    ["start_server", "the server is there, and off"],
    ["attach_to_network", "the server is there, outside its network"],
  ])("%s that fails is named with its code, and %s (F21)", async (command) => {
    api.faults.failAction(command, { code: "action_failed", message: `${command} failed` });
    const half = await server().catch((error: unknown) => error);
    expect(half).toBeInstanceOf(HalfMade);
    const { id, message } = half as HalfMade;
    expect(message).toMatch(new RegExp(`${command} failed \\(action_failed, \\d+\\)`));
    expect(wayOut(message)).toContain("`pulumi up --refresh`");
    expect(api.state.servers().map((each) => String(each.id))).toEqual([id]);
  });

  it("that fails behind a load balancer is named, and the next run adds the target (F21)", async () => {
    api.faults.failAction("add_target", { code: "action_failed", message: "add_target failed" });
    expect(await refused(clusterOf(client))).toMatch(/add server target: add_target failed \(action_failed, \d+\)/);
    const [balancer, made] = [api.state.loadBalancers()[0], api.state.servers()[0]];
    const target = { loadBalancerId: String(balancer?.id), type: "server", serverId: made?.id ?? 0 };
    await kinds().target.create({ ...target, usePrivateIp: true });
    expect(api.state.loadBalancers()[0]?.targets).toHaveLength(1);
  });

  it("that never ends is given up at the provider's deadline; the state keeps the server (F22)", async () => {
    await at({ deadline: 1000 });
    api.faults.hangAction("attach_to_network");
    const half = await server().catch((error: unknown) => error);
    expect(half).toMatchObject({ id: String(api.state.servers()[0]?.id) });
    expect((half as Error).message).toContain("context deadline exceeded");
  });

  it("that the answer leaves out ends the run; what was made is in the state and can go on (F23)", async () => {
    const lose = () => api.faults.rewrite("GET /actions", (body) => ({ ...body, actions: [] }));
    const half = await server(lose).catch((error: unknown) => error);
    expect(half).toMatchObject({
      id: String(api.state.servers()[0]?.id),
      message: expect.stringMatching(/^actions not found: \d+$/),
    });
    api.faults.rewrite("GET /actions", (body) => body);
    const { id, outputs } = half as HalfMade;
    const kept = { id, outputs, inputs: { ...node, userData, networks: outputs["networks"] ?? [] } };
    const found = (await kinds().server.read(kept)) ?? kept;
    expect((await kinds().server.diff(found, kept.inputs)).changes).toEqual(["networks"]);
    await kinds().server.update(found, kept.inputs);
    expect(api.state.servers()[0]?.private_net.map(({ ip }) => ip)).toEqual(["10.10.0.11"]);
  });
});

describe("a load balancer", () => {
  it("takes a target that it has already for done, and shows no difference afterwards (F28)", async () => {
    const { target } = await clusterOf(client);
    const again = await kinds().target.create(target.inputs);
    expect(api.journal.entries().map(({ code }) => code)).toContain("target_already_defined");
    expect((await kinds().target.diff(again, target.inputs)).changes).toEqual([]);
    expect(api.state.loadBalancers()[0]?.targets).toHaveLength(1);
  });

  it("outside its network takes no target at a private address, and the error says so (F27)", async () => {
    const made = await server();
    const balancer = await kinds().balancer.create({ name: "dev-api", loadBalancerType: "lb11", location: "nbg1" });
    const wanted = { loadBalancerId: balancer.id, type: "server", serverId: ids(made), usePrivateIp: true };
    expect(await refused(kinds().target.create(wanted))).toContain("no private networks");
    expect(sent("POST /load_balancers/:id/actions/add_target")).toBe(0);
  });

  it("knows no health check by https, which the API refuses by name (F29)", async () => {
    const { balancer } = await clusterOf(client);
    const healthCheck = { protocol: "https", port: 443, interval: 10, timeout: 5, retries: 3 };
    const ports = { protocol: "tcp", listenPort: 443, destinationPort: 443 };
    const words = await refused(kinds().service.create({ loadBalancerId: balancer.id, ...ports, healthCheck }));
    expect(words).toMatch(/health_check.*(invalid_input|Not a valid choice)/s);
  });

  it("that is being detached already ends the run with what to do; the same again succeeds (F36)", async () => {
    const { balancerNetwork } = await clusterOf(client);
    const detach = "POST /load_balancers/:id/actions/detach_from_network";
    api.faults.failNext(detach, { code: "resource_already_detaching", message: "is detaching already" });
    const words = await refused(kinds().balancerNetwork.remove(balancerNetwork));
    expect([words, sent(detach)]).toEqual([expect.stringContaining("resource_already_detaching"), 1]);
    expect(wayOut(words)).toContain("Run the same again in a minute");
    await kinds().balancerNetwork.remove(balancerNetwork);
    expect(api.state.loadBalancers()[0]?.private_net).toEqual([]);
  });
});

describe("what is deleted", () => {
  it("by hand before is the provider's crash for a firewall, which a refresh before the destroy prevents (F31)", async () => {
    const firewall = await kinds().firewall.create({ name: "dev", rules: [rule] });
    const headers = { authorization: `Bearer ${token}` };
    await fetch(`${api.url}/firewalls/${firewall.id}`, { method: "DELETE", headers });
    const crash = await refused(kinds().firewall.remove(firewall));
    expect(wayOut(crash)).toContain("`pulumi up --refresh`");
    expect(await kinds().firewall.read(firewall)).toBeUndefined();
  });

  it("over a connection that is lost is called gone by the provider, although the firewall stays (F33)", async () => {
    const firewall = await kinds().firewall.create({ name: "dev", rules: [rule] });
    api.faults.failNext("DELETE /firewalls/:id", noAnswer);
    await kinds().firewall.remove(firewall);
    expect(api.state.firewalls()).toHaveLength(1);
  });
});
