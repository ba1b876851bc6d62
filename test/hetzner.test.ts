import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Hetzner, startHetzner } from "../sandbox/hetzner/start.ts";
import { buildOracle, buildTimeout, describeWithGo } from "./go-oracle.ts";
import { code, hetznerClient, publicKey, server, hetznerToken as token } from "./hetzner-client.ts";

let folder: string;
let api: Hetzner;
const { call, post, created, network } = hetznerClient(() => api);

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "hetzner-"));
  api = await startHetzner({ token, actionMilliseconds: 0 });
});

afterEach(async () => {
  await api.close();
  rmSync(folder, { recursive: true });
});

/** A restart: another process would find the same file. */
async function restarted(stateFile: string): Promise<void> {
  await api.close();
  api = await startHetzner({ token, stateFile, actionMilliseconds: 0 });
}

describeWithGo("Hetzner's own client (needs go)", () => {
  it("creates, reads, lists, is refused and deletes against the emulator", { timeout: buildTimeout }, async () => {
    await api.close();
    api = await startHetzner({ token, actionMilliseconds: 10 });
    api.faults.capacity("fsn1", "cpx32", 0);
    api.faults.withdraw("fsn1", "cpx42", "2027-01-31T00:00:00+00:00");
    const binary = join(folder, "oracle");
    await buildOracle({ binary, module: "hcloud" });
    const env = { ...process.env, HCLOUD_ENDPOINT: api.url, HCLOUD_TOKEN: token, SSH_PUBLIC_KEY: publicKey };
    const output = await new Promise<string>((resolve) => {
      const child = spawn(binary, { env });
      let text = "";
      for (const stream of [child.stdout, child.stderr])
        stream.on("data", (chunk) => {
          text += chunk;
        });
      child.on("close", () => resolve(text));
    });
    expect(JSON.parse(output)).toEqual({
      server: {
        ...{ name: "dev-server-1", status: "running", type: "cpx22", image: "ubuntu-24.04", location: "nbg1" },
        ...{
          zone: "eu-central",
          group: "pg",
          ipv4: "203.0.113.118",
          ipv6: "2001:db8:0:c6c::/64",
          firewalls: 1,
          disk: 80,
        },
        ...{ private: "10.10.0.11", mac: expect.stringMatching(/^86:00:00:/), number: "1" },
      },
      network: { subnet: "10.10.0.0/24", gateway: "10.10.0.1", servers: 3 },
      firewall: { sources: 2, port: "6443", applied: 3 },
      key: expect.stringMatching(/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/),
      balancer: {
        ...{ ip: "10.10.0.5", type: "lb11", targets: 2, private: true, port: 6443 },
        ...{ path: "/readyz", tls: true, interval: "15s" },
      },
      catalogue: {
        ...{ types: 20, locations: 6, armImages: 5, caxArchitecture: "arm", caxAvailable: false, cpxAvailable: true },
        ...{ net: "19.9900000000", gross: "23.7881000000000000" },
      },
      pricing: {
        ...{ currency: "EUR", vat: "19.000000", types: 20, balancers: 3 },
        ...{ family: "ipv4", place: "fsn1", address: "0.5950000000000000" },
        ...{ volume: "0.0572000000", balancer: "7.4900000000", targets: 25 },
      },
      stock: { available: false, deprecated: true, until: "2027-01-31" },
      selected: ["dev-server-2", "dev-server-3"],
      page: { total: 3, next: 0, previous: 1, limit: 3600 },
      absent: true,
      invalidFields: true,
      errors: {
        "taken name": "uniqueness_error",
        "sold out": "resource_unavailable",
        "attached twice": "server_already_attached",
        "target twice": "target_already_defined",
        "firewall in use": "resource_in_use",
        "subnet in use": "service_error",
        "port twice": "source_port_already_used",
        "rule without port": "invalid_input",
        "wrong token": "unauthorized",
      },
      kept: {
        ...{ ip: "203.0.113.118", type: "ipv4", autoDelete: false, ofServer: true, stage: "dev" },
        ...{ route: "0.0.0.0/0", gateway: "10.10.0.9" },
        errors: {
          "address in use": "must_be_unassigned",
          "address of a running server": "server_not_stopped",
          "protected server": "protected",
          "protected network": "protected",
        },
      },
      outlives: true,
      gone: true,
    });
    expect(api.journal.unknown()).toEqual([]);
    expect(Object.values(api.state.counts()).every((count) => count === 0)).toBe(true);
  });
});

describe("faults", () => {
  it("fail the next request of an operation and only that one", async () => {
    api.faults.failNext("POST /servers", { code: "server_error", message: "boom", status: 503 });
    expect((await post("/servers", server())).status).toBe(503);
    expect((await post("/servers", server())).status).toBe(201);
  });

  it("leave no room for a type at one location", async () => {
    api.faults.capacity("nbg1", "cpx22", 1);
    await created();
    const answer = await post("/servers", server({ name: "second" }));
    expect([answer.status, code(answer)]).toEqual([412, "resource_unavailable"]);
    expect((await post("/servers", server({ name: "second", location: "fsn1" }))).status).toBe(201);
  });

  it("set a quota, told with the name of the limit", async () => {
    api.faults.quota("primary_ips", 1);
    const answer = await post("/servers", server());
    expect([answer.status, code(answer)]).toEqual([403, "resource_limit_exceeded"]);
    expect(answer.body.error.details.limits).toEqual([{ name: "primary_ip_limit" }]);
  });

  it("make an action end in an error and change nothing", async () => {
    const id = await network();
    const member = await created();
    api.faults.failAction("attach_to_network", { code: "action_failed", message: "no luck" });
    const { body } = await post(`/servers/${member}/actions/attach_to_network`, { network: id });
    const { actions } = (await call("GET", `/actions?id=${body.action.id}`)).body;
    expect(actions[0]).toMatchObject({ status: "error", error: { code: "action_failed", message: "no luck" } });
    expect(api.state.servers()[0]?.private_net).toEqual([]);
  });

  it("leave a server that could not start switched off", async () => {
    api.faults.failAction("start_server", { code: "action_failed", message: "no luck" });
    expect((await call("GET", `/servers/${await created()}`)).body.server.status).toBe("off");
  });
});

describe("state", () => {
  it("outlives a restart, the ids going on where they were", async () => {
    const stateFile = join(folder, "state.json");
    await restarted(stateFile);
    const first = await created({ user_data: "#cloud-config\n", labels: { stage: "dev" } });
    await restarted(stateFile);
    expect((await call("GET", `/servers/${first}`)).body.server.labels).toEqual({ stage: "dev" });
    expect(api.state.userData(first)).toBe("#cloud-config\n");
    expect(await created({ name: "next" })).toBeGreaterThan(first);
  });

  it("is readable by its owner only, because user data is in it", async () => {
    const stateFile = join(folder, "state.json");
    await restarted(stateFile);
    await created();
    expect(statSync(stateFile).mode & 0o777).toBe(0o600);
  });

  it("keeps a journal of what changed, refusals left out", async () => {
    const id = await created();
    await post("/servers", server());
    await call("GET", "/servers");
    await call("DELETE", `/servers/${id}`);
    expect(api.journal.writes()).toEqual(["POST /servers", "DELETE /servers/:id"]);
    expect(api.journal.entries()[1]).toMatchObject({ status: 409, code: "uniqueness_error", body: server() });
  });
});
