/** The most that a plan can hold, on the real Pulumi engine: private machines, a gateway, two load balancers, protection. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { said } from "../sandbox/process/execute.ts";
import { type EngineSandbox, engineSandbox } from "./engine-sandbox.ts";
import { expectDone, minute } from "./engine-words.ts";
import { privately } from "./plans.ts";

let sandbox: EngineSandbox;

const set = (path: string, value: unknown) => sandbox.edit("prod", path.split("."), value);

beforeAll(async () => {
  sandbox = await engineSandbox("prod");
  for (const [path, value] of Object.entries(privately)) set(path, value);
}, 10 * minute);

afterAll(() => sandbox?.remove());

const run = (...args: readonly string[]) => sandbox.pulumi([...args, "--stack", "prod"]);
const up = () => run("up", "--yes", "--skip-preview");
const state = () => sandbox.services.hetzner.state;
const writes = () => sandbox.services.hetzner.journal.writes();
const operations = async () => {
  const { stdout } = await run("preview", "--json");
  return Object.keys((JSON.parse(stdout) as { readonly changeSummary: object }).changeSummary);
};
const protection = () =>
  [...state().servers(), ...state().networks(), ...state().loadBalancers(), ...state().primaryIps()]
    .filter((each) => each.protection.delete)
    .map(({ name }) => name);

describe("a private, protected stage on the real engine", { timeout: 3 * minute }, () => {
  it("comes up, in the order that the plan's parts need", async () => {
    const made = await up();
    expectDone(made);
    const at = (operation: string) => writes().indexOf(operation);
    expect(at("POST /load_balancers")).toBeLessThan(at("POST /servers"));
    // The first machine is the gateway; a node is switched on only when its network is attached.
    expect(at("POST /networks/:id/actions/add_route")).toBeLessThan(at("POST /servers/:id/actions/poweron"));
    expect(writes().filter((operation) => operation === "POST /servers/:id/actions/poweron")).toHaveLength(5);
  });

  it("has one public address, and a route to the machine that has it", () => {
    expect(
      state()
        .primaryIps()
        .filter(({ type }) => type === "ipv4")
        .map(({ name }) => name),
    ).toEqual(["k3s-stages-prod-gateway"]);
    expect(state().networks()[0]?.routes).toEqual([{ destination: "0.0.0.0/0", gateway: "10.30.0.9" }]);
  });

  it("has nothing to change afterwards", async () => {
    expect(await operations()).toEqual(["same"]);
  });

  it("is not taken away while it is protected, and nothing of it is", async () => {
    const before = state().counts();
    const refused = await run("destroy", "--yes");
    expect(refused.code).not.toBe(0);
    expect(said(refused)).toMatch(/cannot be deleted\s+because it is protected/);
    expect(state().counts()).toEqual(before);
  });

  it("nor without a preview: the repository keeps what Flux applies", async () => {
    const before = state().counts();
    const refused = await run("destroy", "--yes", "--skip-preview");
    expect(refused.code).not.toBe(0);
    expect(state().counts()).toEqual(before);
    expect(await sandbox.read("clusters/production/kustomization.yaml")).toContain("infrastructure.yaml");
    expect(await operations()).toEqual(["same"]);
  });

  it("keeps what it protects in the edit that lifts that, and says in which order all of it goes", async () => {
    set("cluster.protect", false);
    const away = { "servers.count": 1, "servers.public": true, "pools.web.public": true, gateway: undefined };
    for (const [path, value] of Object.entries(away)) set(`cluster.${path}`, value);
    const refused = await run("preview");
    for (const [path, value] of Object.entries(privately)) if (path !== "cluster.protect") set(path, value);
    set("cluster.servers.count", 3);
    expect(refused.code).not.toBe(0);
    expect(refused.stdout).toContain(
      "k3s-stages-prod-server-2, k3s-stages-prod-server-3 and gateway k3s-stages-prod-gateway are protected against " +
        "deletion and would go. Take the edit back, set cluster.protect to false and run `pulumi up`, then make the edit",
    );
  });

  it("is unprotected in place, while agents go in the same run, and then goes without a rest", async () => {
    expect(protection()).not.toEqual([]);
    set("cluster.pools", undefined);
    expect((await operations()).toSorted()).toEqual(["delete", "same", "update"]);
    const lifted = await up();
    expectDone(lifted);
    expect([protection(), state().servers().length]).toEqual([[], 4]);
    const gone = await run("destroy", "--yes");
    expectDone(gone);
    expect(Object.entries(state().counts()).filter(([, count]) => count > 0)).toEqual([]);
    expect(sandbox.services.hetzner.journal.unknown()).toEqual([]);
  });
});
