import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Hetzner, startHetzner } from "../sandbox/hetzner/start.ts";
import { code, hetznerClient, hetznerToken as token } from "./hetzner-client.ts";

let api: Hetzner;
beforeEach(async () => {
  api = await startHetzner({ token, actionMilliseconds: 0 });
});
afterEach(() => api.close());

const { call, post, created } = hetznerClient(() => api);

const kept = async (more: object = {}): Promise<number> =>
  (await post("/primary_ips", { name: "kept", type: "ipv4", location: "nbg1", ...more })).body.primary_ip.id;
const seen = async (id: number) => (await call("GET", `/primary_ips/${id}`)).body.primary_ip;
const off = async (more: object = {}) => created({ start_after_create: false, ...more });

describe("a primary IP of its own", () => {
  it("is used by a server that names it, and stays when that goes", async () => {
    const id = await kept();
    const { ip } = await seen(id);
    const first = await created({ public_net: { ipv4: id, enable_ipv6: false } });
    expect(api.state.publicIpv4(first)).toBe(ip);
    expect((await seen(id)).assignee_id).toBe(first);
    await call("DELETE", `/servers/${first}`);
    expect(await seen(id)).toMatchObject({ ip, assignee_id: null });
    expect(api.state.publicIpv4(await created({ public_net: { ipv4: id } }))).toBe(ip);
  });

  it("goes with its server when it was made with it", async () => {
    await call("DELETE", `/servers/${await created()}`);
    expect(api.state.counts()["primary_ips"]).toBe(0);
  });

  it("is counted once: a server that brings its address needs no other of that family", async () => {
    const id = await kept();
    api.faults.quota("primary_ips", 1);
    expect((await post("/servers", { ...serverOf(id), public_net: { ipv4: id, enable_ipv6: false } })).status).toBe(
      201,
    );
  });

  it("is not deleted while a server has it", async () => {
    const id = await kept();
    await created({ public_net: { ipv4: id } });
    const answer = await call("DELETE", `/primary_ips/${id}`);
    expect([answer.status, code(answer)]).toEqual([422, "must_be_unassigned"]);
  });

  it("is not deleted while it is protected", async () => {
    const id = await kept();
    await post(`/primary_ips/${id}/actions/change_protection`, { delete: true });
    const answer = await call("DELETE", `/primary_ips/${id}`);
    expect([answer.status, code(answer)]).toEqual([423, "protected"]);
    await post(`/primary_ips/${id}/actions/change_protection`, { delete: false });
    expect((await call("DELETE", `/primary_ips/${id}`)).status).toBe(204);
  });

  it.each([
    ["an address of another family", { type: "ipv6" }, "primary_ip_version_mismatch"],
    ["an address elsewhere", { location: "fsn1" }, "primary_ip_datacenter_mismatch"],
  ])("cannot be had by a server that names %s", async (_, more, expected) => {
    const id = await kept(more);
    expect(code(await post("/servers", serverOf(id)))).toBe(expected);
  });

  it("cannot be had by a second server", async () => {
    const id = await kept();
    await created({ public_net: { ipv4: id } });
    expect(code(await post("/servers", serverOf(id)))).toBe("primary_ip_assigned");
  });

  it("changes hands between servers that are off, one of a family each", async () => {
    const id = await kept();
    const [running, stopped, other] = [
      await created({ name: "running" }),
      await off({ name: "stopped" }),
      await off({ name: "other", public_net: { enable_ipv4: false } }),
    ];
    const assign = async (server: number) =>
      post(`/primary_ips/${id}/actions/assign`, { assignee_id: server, assignee_type: "server" });
    expect(code(await assign(running))).toBe("server_not_stopped");
    expect(code(await assign(stopped))).toBe("server_has_ipv4");
    expect((await assign(other)).status).toBe(201);
    expect(code(await assign(other))).toBe("primary_ip_already_assigned");
    expect((await post(`/primary_ips/${id}/actions/unassign`)).status).toBe(201);
    expect((await seen(id)).assignee_id).toBeNull();
  });

  it("belongs to a place or to a server, and its name to it alone", async () => {
    expect(code(await post("/primary_ips", { name: "nowhere", type: "ipv4" }))).toBe("invalid_input");
    await kept();
    expect(code(await post("/primary_ips", { name: "kept", type: "ipv4", location: "nbg1" }))).toBe("uniqueness_error");
  });
});

const serverOf = (id: number) => ({
  ...{ name: "late", server_type: "cpx22", image: "ubuntu-24.04", location: "nbg1" },
  public_net: { ipv4: id },
});
