import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Hetzner, startHetzner } from "../sandbox/hetzner/start.ts";
import { type Answer, code, fields, hetznerClient, server, hetznerToken as token } from "./hetzner-client.ts";

let api: Hetzner;
const { call, post, created } = hetznerClient(() => api);

beforeEach(async () => {
  api = await startHetzner({ token, actionMilliseconds: 0 });
});

afterEach(() => api.close());

describe("transport", () => {
  it("refuses a wrong token before it looks at anything else", async () => {
    const headers = { authorization: `Bearer ${"x".repeat(64)}` };
    const response = await fetch(`${api.url}/nowhere`, { headers });
    expect([response.status, code({ body: (await response.json()) as Answer["body"] })]).toEqual([401, "unauthorized"]);
  });

  it("answers every request with the rate limit and a correlation id", async () => {
    const { headers } = await call("GET", "/servers");
    expect(headers.get("ratelimit-limit")).toBe("3600");
    expect(headers.get("ratelimit-remaining")).toBe("3599");
    expect(headers.get("x-correlation-id")).toMatch(/^[0-9a-f]{16}$/);
  });

  it("answers an operation it does not have with 404 and remembers it as unknown", async () => {
    const answer = await post("/certificates", { name: "a" });
    expect([answer.status, code(answer)]).toEqual([404, "not_found"]);
    expect(api.journal.unknown()).toEqual(["POST /certificates"]);
  });

  it("does not call a known operation on a missing thing unknown", async () => {
    expect(code(await call("GET", "/servers/7"))).toBe("not_found");
    expect(api.journal.unknown()).toEqual([]);
  });

  it("refuses a body that is no JSON", async () => {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${api.url}/servers`, { method: "POST", headers, body: "{" });
    expect([response.status, code({ body: (await response.json()) as Answer["body"] })]).toEqual([400, "json_error"]);
  });

  it("pages a list and says where the next page is", async () => {
    for (const name of ["a", "b", "c"]) await post("/placement_groups", { name, type: "spread" });
    const { body } = await call("GET", "/placement_groups?per_page=2&page=1&sort=name:desc");
    expect(body.placement_groups.map(({ name }) => name)).toEqual(["c", "b"]);
    expect(body.meta.pagination).toEqual({
      ...{ page: 1, per_page: 2, previous_page: null, next_page: 2, last_page: 2, total_entries: 3 },
    });
  });

  it.each([
    ["stage=dev", ["a", "b"]],
    ["stage==dev,!pool", ["a"]],
    ["stage!=dev", ["c"]],
    ["pool", ["b"]],
    ["stage in (dev, prod),pool notin (x)", ["a", "b", "c"]],
    ["pool in (web)", ["b"]],
  ])("selects by label: %s", async (selector, expected) => {
    const groups = { a: { stage: "dev" }, b: { stage: "dev", pool: "web" }, c: { stage: "prod" } };
    for (const [name, labels] of Object.entries(groups))
      await post("/placement_groups", { name, labels, type: "spread" });
    const { body } = await call("GET", `/placement_groups?label_selector=${encodeURIComponent(selector)}`);
    expect(body.placement_groups.map(({ name }) => name)).toEqual(expected);
  });

  it("refuses a label selector it cannot read", async () => {
    expect(code(await call("GET", "/servers?label_selector=a%3Db%20c"))).toBe("invalid_input");
  });

  it("refuses to list actions without ids", async () => {
    const answer = await call("GET", "/actions");
    expect([answer.status, code(answer)]).toEqual([410, "deprecated_api_endpoint"]);
  });
});

describe("servers", () => {
  it("has the same public address in every run, whoever was made before it", async () => {
    await created({ name: "other" });
    expect(api.state.publicIpv4(await created())).toBe("203.0.113.118");
  });

  it("gives its address back, but never shares it", async () => {
    const balancer = { name: "dev-server-1", load_balancer_type: "lb11", location: "nbg1" };
    await post("/load_balancers", balancer);
    const first = await created();
    expect(api.state.publicIpv4(first)).toBe("203.0.113.119");
    await call("DELETE", `/servers/${first}`);
    expect(api.state.publicIpv4(await created())).toBe("203.0.113.119");
  });

  it("never shows user data or a datacenter; its node can read the user data", async () => {
    const id = await created({ user_data: "#cloud-config\n" });
    expect(JSON.stringify((await call("GET", `/servers/${id}`)).body)).not.toMatch(/cloud-config|datacenter/);
    expect(api.state.userData(id)).toBe("#cloud-config\n");
  });

  it.each([
    ["a name with an underscore", { name: "dev_1" }, ["name"]],
    ["32769 bytes of user data", { user_data: `${"ä".repeat(16_384)}a` }, ["user_data"]],
    ["an unknown type", { server_type: "cx21" }, ["server_type"]],
    ["a type that is not sold there", { server_type: "cx23", location: "ash" }, ["server_type"]],
    ["an unknown image", { image: "ubuntu-10.04" }, ["image"]],
    ["a label key that is none", { labels: { "a b": "c" } }, ["labels"]],
    ["two mistakes", { name: "", labels: { "hetzner.cloud/a": "b" } }, ["name", "labels"]],
    ["no network at all", { public_net: { enable_ipv4: false, enable_ipv6: false } }, ["public_net"]],
  ])("refuses %s as invalid_input with its field", async (_, more, expected) => {
    const answer = await post("/servers", server(more));
    expect([answer.status, code(answer), fields(answer)]).toEqual([422, "invalid_input", expected]);
    expect(api.state.servers()).toEqual([]);
  });

  it("takes exactly 32768 bytes of user data", async () => {
    expect((await post("/servers", server({ user_data: "a".repeat(32_768) }))).status).toBe(201);
  });

  it("refuses an image for another architecture", async () => {
    const { images } = (await call("GET", "/images?name=ubuntu-24.04&architecture=arm")).body;
    expect(fields(await post("/servers", server({ image: images[0]?.id })))).toEqual(["image"]);
  });

  it("refuses a type that cannot be ordered at present", async () => {
    const answer = await post("/servers", server({ server_type: "cax11" }));
    expect([answer.status, code(answer)]).toEqual([412, "resource_unavailable"]);
  });

  it("refuses a name twice and names the field", async () => {
    await created();
    const answer = await post("/servers", server());
    expect([answer.status, code(answer), fields(answer)]).toEqual([409, "uniqueness_error", ["name"]]);
  });

  it("takes ten servers into a placement group and not eleven", async () => {
    const group = (await post("/placement_groups", { name: "pg", type: "spread" })).body.placement_group.id;
    for (let number = 1; number <= 10; number += 1) await created({ name: `s${number}`, placement_group: group });
    expect(code(await post("/servers", server({ placement_group: group })))).toBe(
      "placement_group_member_limit_reached",
    );
  });

  it("initializes, starts and runs, and is locked until then", async () => {
    await api.close();
    api = await startHetzner({ token, actionMilliseconds: 10_000 });
    const { body } = await post("/servers", server());
    expect([body.server.status, body.server.locked, body.action.status]).toEqual(["initializing", true, "running"]);
    expect(body.next_actions.map(({ command }) => command)).toEqual(["start_server"]);
    const answer = await post(`/servers/${body.server.id}/actions/poweroff`);
    expect([answer.status, code(answer)]).toEqual([423, "locked"]);
  });

  it("changes its type only while it is off, and only to a disk that is large enough", async () => {
    const path = `/servers/${await created()}/actions`;
    expect(code(await post(`${path}/change_type`, { server_type: "cpx32", upgrade_disk: true }))).toBe(
      "server_not_stopped",
    );
    await post(`${path}/poweroff`);
    expect(code(await post(`${path}/change_type`, { server_type: "cpx12", upgrade_disk: true }))).toBe(
      "invalid_server_type",
    );
    expect((await post(`${path}/change_type`, { server_type: "cpx32", upgrade_disk: true })).status).toBe(201);
    expect(api.state.servers()[0]?.server_type).toBe("cpx32");
  });

  it("is not deleted while it is protected, and takes both protections only together", async () => {
    const path = `/servers/${await created()}`;
    expect(fields(await post(`${path}/actions/change_protection`, { delete: true }))).toEqual(["rebuild"]);
    await post(`${path}/actions/change_protection`, { delete: true, rebuild: true });
    const answer = await call("DELETE", path);
    expect([answer.status, code(answer)]).toEqual([423, "protected"]);
  });
});
