import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Hetzner, startHetzner } from "../sandbox/hetzner/start.ts";
import { code, fields, hetznerClient, server, hetznerToken as token } from "./hetzner-client.ts";

let api: Hetzner;
const { call, post, created, network } = hetznerClient(() => api);

beforeEach(async () => {
  api = await startHetzner({ token, actionMilliseconds: 0 });
});

afterEach(() => api.close());

describe("networks", () => {
  it.each([
    ["outside the network", "10.11.0.0/24", ["ip_range"]],
    ["over another subnet", "10.10.0.128/25", ["ip_range"]],
    ["with a host part", "10.10.1.1/24", ["ip_range"]],
  ])("refuses a subnet %s", async (_, ip_range, expected) => {
    const id = await network();
    const subnet = { type: "cloud", network_zone: "eu-central", ip_range };
    expect(fields(await post(`/networks/${id}/actions/add_subnet`, subnet))).toEqual(expected);
  });

  it("makes the first address of the network the gateway of every subnet", async () => {
    const id = await network("10.10.7.0/24");
    expect((await call("GET", `/networks/${id}`)).body.network.subnets[0]?.gateway).toBe("10.10.0.1");
  });

  const byDefault = { destination: "0.0.0.0/0", gateway: "10.10.0.9" };

  it("keeps routes, and gives them back", async () => {
    const id = await network();
    expect((await post(`/networks/${id}/actions/add_route`, byDefault)).status).toBe(201);
    expect((await call("GET", `/networks/${id}`)).body.network.routes).toEqual([byDefault]);
    expect((await post(`/networks/${id}/actions/delete_route`, byDefault)).status).toBe(201);
    expect(code(await post(`/networks/${id}/actions/delete_route`, byDefault))).toBe("not_found");
  });

  it.each([
    ["by its own router", { ...byDefault, gateway: "10.10.0.1" }, ["gateway"]],
    ["by an address outside", { ...byDefault, gateway: "10.11.0.9" }, ["gateway"]],
    ["to one of its subnets", { ...byDefault, destination: "10.10.0.0/24" }, ["destination"]],
    ["to the router of public interfaces", { ...byDefault, destination: "172.16.0.0/12" }, ["destination"]],
  ])("refuses a route %s", async (_, route, expected) => {
    expect(fields(await post(`/networks/${await network()}/actions/add_route`, route))).toEqual(expected);
  });

  it("refuses a second default route", async () => {
    const id = await network();
    await post(`/networks/${id}/actions/add_route`, byDefault);
    const second = { ...byDefault, gateway: "10.10.0.8" };
    expect(fields(await post(`/networks/${id}/actions/add_route`, second))).toEqual(["destination"]);
  });

  it.each([
    ["the gateway", "10.10.0.1", "ip_not_available"],
    ["the subnet's first address", "10.10.0.0", "ip_not_available"],
    ["the subnet's last address", "10.10.0.255", "ip_not_available"],
    ["an address that is taken", "10.10.0.11", "ip_not_available"],
    ["an address outside every subnet", "10.10.9.9", "no_subnet_available"],
  ])("does not attach a server at %s", async (_, ip, expected) => {
    const id = await network();
    const other = await created({ name: "other" });
    await post(`/servers/${other}/actions/attach_to_network`, { network: id, ip: "10.10.0.11" });
    const answer = await post(`/servers/${await created()}/actions/attach_to_network`, { network: id, ip });
    expect(code(answer)).toBe(expected);
  });

  it("gives the lowest free address of the last subnet when none is asked for", async () => {
    const id = await network();
    const subnet = { type: "cloud", network_zone: "eu-central", ip_range: "10.10.3.0/24" };
    await post(`/networks/${id}/actions/add_subnet`, subnet);
    await post(`/servers/${await created()}/actions/attach_to_network`, { network: id });
    expect(api.state.servers()[0]?.private_net[0]?.ip).toBe("10.10.3.1");
  });

  it("keeps a subnet while a server is in it, in the words that the provider looks for", async () => {
    const id = await network();
    await post(`/servers/${await created()}/actions/attach_to_network`, { network: id, ip: "10.10.0.11" });
    const answer = await post(`/networks/${id}/actions/delete_subnet`, { ip_range: "10.10.0.0/24" });
    expect(code(answer)).toBe("service_error");
    expect(answer.body.error.message).toContain("servers are attached");
  });

  it("answers a second change of subnets with conflict while the first one runs", async () => {
    await api.close();
    api = await startHetzner({ token, actionMilliseconds: 10_000 });
    const id = await network();
    const subnet = { type: "cloud", network_zone: "eu-central", ip_range: "10.10.3.0/24" };
    await post(`/networks/${id}/actions/add_subnet`, subnet);
    const answer = await post(`/networks/${id}/actions/delete_subnet`, { ip_range: "10.10.3.0/24" });
    expect([answer.status, code(answer)]).toEqual([409, "conflict"]);
  });
});

describe("firewalls", () => {
  const rule = { direction: "in", protocol: "tcp", port: "443", source_ips: ["0.0.0.0/0"] };

  it.each([
    ["a port for icmp", { ...rule, protocol: "icmp" }, "rules.0.port"],
    ["tcp without a port", { ...rule, port: null }, "rules.0.port"],
    ["a source with a host part", { ...rule, source_ips: ["10.0.0.1/8"] }, "rules.0.source_ips.0"],
    ["an incoming rule without sources", { ...rule, source_ips: [] }, "rules.0.source_ips"],
  ])("refuses %s", async (_, wrong, field) => {
    expect(fields(await post("/firewalls", { name: "fw", rules: [wrong] }))).toEqual([field]);
  });

  it("reaches servers by label as they come and go", async () => {
    const selector = { type: "label_selector", label_selector: { selector: "stage=dev" } };
    const { id } = (await post("/firewalls", { name: "fw", rules: [rule], apply_to: [selector] })).body.firewall;
    const member = await created({ labels: { stage: "dev" } });
    expect((await call("GET", `/servers/${member}`)).body.server.public_net.firewalls).toEqual([
      { id, status: "applied" },
    ]);
    await call("PUT", `/servers/${member}`, { labels: { stage: "prod" } });
    expect((await call("GET", `/servers/${member}`)).body.server.public_net.firewalls).toEqual([]);
  });

  it("does not stay with a deleted server", async () => {
    const { id } = (await post("/firewalls", { name: "fw", rules: [rule] })).body.firewall;
    const member = await created({ firewalls: [{ firewall: id }] });
    expect(code(await call("DELETE", `/firewalls/${id}`))).toBe("resource_in_use");
    await call("DELETE", `/servers/${member}`);
    expect((await call("DELETE", `/firewalls/${id}`)).status).toBe(204);
  });
});

describe("load balancers", () => {
  const balancer = async () =>
    (await post("/load_balancers", { name: "api", load_balancer_type: "lb11", location: "nbg1" })).body.load_balancer
      .id;
  const service = { protocol: "tcp", listen_port: 6443, destination_port: 6443 };
  const check = { protocol: "http", port: 6443, interval: 15, timeout: 10, retries: 3 };

  it.each([
    ["a timeout above the interval", { ...check, timeout: 20 }, "health_check.timeout"],
    ["more than five tries of a health check", { ...check, retries: 6 }, "health_check.retries"],
  ])("refuse %s", async (_, health_check, field) => {
    const answer = await post(`/load_balancers/${await balancer()}/actions/add_service`, { ...service, health_check });
    expect(fields(answer)).toEqual([field]);
  });

  // In the words that kube-hetzner's users met (mysticaltech/terraform-hcloud-kube-hetzner#2188).
  it("refuse https as the protocol of a health check: TLS is asked for inside http", async () => {
    const health_check = { ...check, protocol: "https" };
    const answer = await post(`/load_balancers/${await balancer()}/actions/add_service`, { ...service, health_check });
    expect(answer.body.error).toEqual({
      code: "invalid_input",
      message: "invalid input in field 'health_check'",
      details: { fields: [{ name: "health_check.protocol", messages: ["Not a valid choice."] }] },
    });
  });

  it("change only the members of a service that are sent", async () => {
    const path = `/load_balancers/${await balancer()}/actions`;
    await post(`${path}/add_service`, { ...service, health_check: { ...check, http: { path: "/readyz", tls: true } } });
    await post(`${path}/update_service`, { listen_port: 6443, health_check: { retries: 5 } });
    const [changed] = api.state.loadBalancers()[0]?.services ?? [];
    expect(changed?.health_check).toMatchObject({ retries: 5, interval: 15, http: { path: "/readyz", tls: true } });
  });

  it("reach a target privately only when both are in the network", async () => {
    const [lb, id, member] = [await balancer(), await network(), await created()];
    const target = { type: "server", server: { id: member }, use_private_ip: true };
    const add = () => post(`/load_balancers/${lb}/actions/add_target`, target);
    expect(code(await add())).toBe("load_balancer_not_attached_to_network");
    await post(`/load_balancers/${lb}/actions/attach_to_network`, { network: id });
    expect(code(await add())).toBe("server_not_attached_to_network");
    await post(`/servers/${member}/actions/attach_to_network`, { network: id });
    expect((await add()).status).toBe(201);
    expect(code(await add())).toBe("target_already_defined");
  });

  it("keep the public interface while a target is reached over it", async () => {
    const [lb, member] = [await balancer(), await created()];
    await post(`/load_balancers/${lb}/actions/add_target`, { type: "server", server: { id: member } });
    const path = `/load_balancers/${lb}/actions/disable_public_interface`;
    expect(code(await post(path))).toBe("targets_without_use_private_ip");
    await call("DELETE", `/servers/${member}`);
    expect((await post(path)).status).toBe(201);
  });
});

describe("deletion protection", () => {
  const made: { readonly [path: string]: () => Promise<number> } = {
    servers: () => created(),
    networks: () => network(),
    load_balancers: async () =>
      (await post("/load_balancers", { name: "api", load_balancer_type: "lb11", location: "nbg1" })).body.load_balancer
        .id,
    primary_ips: async () =>
      (await post("/primary_ips", { name: "kept", type: "ipv4", location: "nbg1" })).body.primary_ip.id,
  };

  it.each(Object.keys(made))("of %s refuses to delete, until it is lifted", async (kind) => {
    const path = `/${kind}/${await made[kind]?.()}`;
    const set = (on: boolean) =>
      post(`${path}/actions/change_protection`, { delete: on, ...(kind === "servers" ? { rebuild: on } : {}) });
    expect((await set(true)).status).toBe(201);
    const refused = await call("DELETE", path);
    expect([refused.status, code(refused)]).toEqual([423, "protected"]);
    await set(false);
    expect((await call("DELETE", path)).status).toBeLessThan(300);
  });

  it("of a server comes with that of its disk, and not alone", async () => {
    const path = `/servers/${await created()}/actions/change_protection`;
    expect(fields(await post(path, { delete: true, rebuild: false }))).toEqual(["rebuild"]);
  });
});

describe("a server without a public address", () => {
  const none = { enable_ipv4: false, enable_ipv6: false };

  it("takes no firewall, at its creation or later", async () => {
    const { id } = (await post("/firewalls", { name: "fw" })).body.firewall;
    const net = await network();
    const wanted = { name: "hidden", public_net: none, networks: [net] };
    expect(code(await post("/servers", server({ ...wanted, firewalls: [{ firewall: id }] })))).toBe(
      "private_net_only_server",
    );
    const apply_to = [{ type: "server", server: { id: await created(wanted) } }];
    expect(code(await post(`/firewalls/${id}/actions/apply_to_resources`, { apply_to }))).toBe(
      "private_net_only_server",
    );
  });
});
