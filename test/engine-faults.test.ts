/** Faults at Hetzner on the real engine, with three servers behind a load balancer: what a run says, and what the next one does. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { destroyCommand } from "../commands/destroy.ts";
import { noAnswer } from "../sandbox/hetzner/error.ts";
import { cutOff } from "../sandbox/power-cut.ts";
import { said } from "../sandbox/process/execute.ts";
import { dummyToken } from "../sandbox/services.ts";
import { type EngineSandbox, engineSandbox } from "./engine-sandbox.ts";
import { expectDone, minute } from "./engine-words.ts";

const stage = "prod";
const name = (node: string) => `k3s-stages-prod-${node}`;
const nodes = ["server-1", "server-2", "server-3"].map(name);
let sandbox: EngineSandbox;

beforeAll(async () => {
  sandbox = await engineSandbox(stage);
  sandbox.edit(stage, ["cluster", "protect"], false);
  sandbox.edit(stage, ["cluster", "pools"], undefined);
}, 10 * minute);

afterAll(() => sandbox?.remove());

const pulumi = (...args: readonly string[]) => sandbox.pulumi([...args, "--stack", stage]);
const up = (...more: readonly string[]) => pulumi("up", "--yes", "--skip-preview", ...more);
const hetzner = () => sandbox.services.hetzner;
const state = () => hetzner().state;
const names = () =>
  state()
    .servers()
    .map((each) => each.name)
    .toSorted();
const idOf = (server: string) =>
  state()
    .servers()
    .find((each) => each.name === server)?.id;
const ids = () => Object.fromEntries(nodes.map((server) => [server, idOf(server)]));
const writes = () => hetzner().journal.writes();

async function ask(method: string, path: string, body: object = {}): Promise<unknown> {
  const headers = { authorization: `Bearer ${dummyToken}` };
  const text = method === "DELETE" ? {} : { body: JSON.stringify(body) };
  const answer = await fetch(`${hetzner().url}${path}`, { method, headers, ...text });
  expect(answer.ok, `${method} ${path}: ${answer.status}`).toBe(true);
  return answer.status === 204 ? undefined : answer.json();
}

describe("faults while three servers are made", { timeout: 5 * minute }, () => {
  it("no room for the second ends the run; the one that was made stays (F15)", async () => {
    hetzner().faults.capacity("nbg1", "cpx32", 1);
    const run = await up();
    hetzner().faults.capacity("nbg1", "cpx32", 10);
    expect(run.code).not.toBe(0);
    expect(said(run)).toContain("Hetzner has no such server left at this location");
    expect(names()).toHaveLength(1);
  });

  it("the next run makes what is missing alone, and says of two that are left half made how to go on (F15, F21)", async () => {
    const [[made], before] = [state().servers(), writes().length];
    hetzner().faults.failAction("attach_to_network", { code: "action_failed", message: "attaching failed" });
    hetzner().faults.failNext("POST /servers/:id/actions/attach_to_network", noAnswer);
    const run = await up();
    expect(run.code).not.toBe(0);
    expect(said(run)).toMatch(/attaching failed \(action_failed, \d+\)/);
    expect(said(run)).toMatch(/attach_to_network": (other side closed|read ECONNRESET|socket hang up)/);
    expect(said(run).match(/`pulumi up --refresh` adds what is missing/g)?.length).toBeGreaterThanOrEqual(2);
    // Both are in the state already.
    expect(said(run)).not.toContain("pulumi import");
    expect(
      writes()
        .slice(before)
        .filter((write) => write === "POST /servers"),
    ).toHaveLength(2);
    expect(Object.values(ids())).toContain(made?.id);
  });

  it("servers that were left outside their network are attached by a run that refreshes; nothing is made twice (F21)", async () => {
    const outside = () =>
      state()
        .servers()
        .filter(({ private_net }) => private_net.length === 0);
    expect(outside()).toHaveLength(2);
    const before = ids();
    expectDone(await up("--refresh"));
    expect([outside(), ids()]).toEqual([[], before]);
    expect(names()).toEqual(nodes);
  });

  it("every target came after the load balancer's network, and no health check was sent with https (F27, F29)", () => {
    const entries = hetzner().journal.entries();
    const at = (operation: string) => entries.findIndex((entry) => entry.operation === operation);
    const target = "POST /load_balancers/:id/actions/add_target";
    expect(entries.filter(({ operation }) => operation === target)).toHaveLength(3);
    expect(at("POST /load_balancers/:id/actions/attach_to_network")).toBeLessThan(at(target));
    expect(JSON.stringify(entries.map(({ body }) => body))).not.toMatch(/"protocol":"https"/);
  });

  it("a second run at once writes nothing and changes nothing (F48)", async () => {
    hetzner().journal.clear();
    expectDone(await pulumi("up", "--yes", "--skip-preview", "--expect-no-changes"));
    expect(writes()).toEqual([]);
  });
});

describe("a configuration of tomorrow", { timeout: 5 * minute }, () => {
  it("with another type, image and user data replaces no server, and says that new ones get them (F38, F39)", async () => {
    sandbox.edit(stage, ["cluster", "servers", "type"], "cpx42");
    sandbox.edit(stage, ["cluster", "mirror"], "https://mirror.example.com/k3s-stages");
    sandbox.edit(stage, ["cluster", "image"], "debian-13");
    const shown = said(await pulumi("preview"));
    sandbox.edit(stage, ["cluster", "servers", "type"], "cpx32");
    for (const key of ["mirror", "image"]) sandbox.edit(stage, ["cluster", key], undefined);
    expect(shown).toMatch(/~ +gitops:index:Nodes k3s-stages-prod .*update/);
    expect(shown).not.toMatch(/hcloud:index:\w+ \S+ .*(update|replace|delete|create)/);
    expect(shown).toContain("stays a cpx32: cpx42 is for new nodes");
    expect(shown).toContain(
      `ubuntu-24.04 stays on ${nodes[0]}, ${nodes[1]} and ${nodes[2]}: debian-13 is for new nodes`,
    );
    expect(shown).toContain("what a node is told at its first boot has changed");
  });
});

describe("what somebody did by hand", { timeout: 5 * minute }, () => {
  it("to a server is shown; labels and firewall are restored, nothing is replaced, an off one is reported (F37)", async () => {
    const [first, second] = [idOf(name("server-1")), idOf(name("server-2"))];
    const firewall = state().firewalls()[0]?.id;
    await ask("PUT", `/servers/${first}`, { labels: { team: "web" } });
    const remove_from = [{ type: "server", server: { id: first } }];
    await ask("POST", `/firewalls/${firewall}/actions/remove_from_resources`, { remove_from });
    await ask("POST", `/servers/${second}/actions/poweroff`);
    const before = ids();
    const shown = await pulumi("preview", "--refresh");
    expectDone(shown);
    expect(said(shown)).toMatch(/~ +hcloud:index:Server k3s-stages-prod-server-1 .*update/);
    expect(said(shown)).not.toMatch(/replace|delete/);
    // The cluster is reached all the time: nothing in it is taken for gone.
    expect(said(shown)).not.toMatch(/\+ +kubernetes:/);
    expect(said(shown)).toContain(`${name("server-2")} is switched off at Hetzner`);
    await ask("POST", `/servers/${second}/actions/poweron`);
    expectDone(await up("--refresh"));
    expect(
      state()
        .servers()
        .find(({ id }) => id === first)?.labels,
    ).toMatchObject({ stage: "prod", role: "server" });
    expect(state().firewalls()[0]?.applied_to).toHaveLength(3);
    expect(ids()).toEqual(before);
  });

  it("a group and a load balancer that were deleted are made again with what hangs on them, no server is (F32)", async () => {
    const before = ids();
    await ask("DELETE", `/placement_groups/${state().placementGroups()[0]?.id}`);
    await ask("DELETE", `/load_balancers/${state().loadBalancers()[0]?.id}`);
    expectDone(await up("--refresh"));
    expect(ids()).toEqual(before);
    expect([state().placementGroups().length, state().loadBalancers()[0]?.targets.length]).toEqual([1, 3]);
  });
});

describe("the end of a stage", { timeout: 5 * minute }, () => {
  it("is refused while a load balancer of the cluster's holds the network; nothing was written (F34)", async () => {
    const network = state().networks()[0]?.id;
    const made = await ask("POST", "/load_balancers", {
      ...{ name: "of-a-service", load_balancer_type: "lb11", location: "nbg1", network },
    });
    hetzner().journal.clear();
    const run = await pulumi("destroy", "--yes", "--refresh");
    expect(run.code).not.toBe(0);
    expect(said(run)).toContain("of-a-service");
    expect(writes()).toEqual([]);
    const { load_balancer } = made as { readonly load_balancer: { readonly id: number } };
    await ask("DELETE", `/load_balancers/${load_balancer.id}`);
  });

  it("is come back to after a destroy that was killed between a deletion and its answer (F46, F47)", async () => {
    expect(await cutOff({ sandbox, stage }, { write: 2, moment: "after" }, "destroy")).toMatch(/^(POST|DELETE) /);
    const locked = await pulumi("destroy", "--yes", "--skip-preview");
    expect([locked.code === 0, said(locked)]).toEqual([false, expect.stringContaining("`pulumi cancel`")]);
    expectDone(await pulumi("cancel", "--yes"));
  });

  it("is tried once more where Hetzner was at work, and finds what a lost connection left behind (F33, F36)", async () => {
    const busy = { code: "resource_already_detaching", message: "it is being detached" };
    hetzner().faults.failNext("POST /load_balancers/:id/actions/detach_from_network", busy);
    hetzner().faults.failNext("DELETE /firewalls/:id", noAnswer);
    // Deleted by hand too: without its refresh the provider would fail at the group (F32).
    for (const { id } of state().placementGroups()) await ask("DELETE", `/placement_groups/${id}`);
    const printed: string[] = [];
    const code = await destroyCommand(["--stage", stage, "--yes"], {
      directory: sandbox.layout.work,
      env: { HCLOUD_ENDPOINT: hetzner().url, HCLOUD_TOKEN: dummyToken },
      print: (line) => void printed.push(line),
      pulumi: (args) => sandbox.pulumi(args),
      interrupted: () => false,
    });
    expect(printed[0]).toContain("once more");
    expect([code, printed.join("\n")]).toEqual([
      1,
      expect.stringMatching(/Left at Hetzner of prod:\n {2}firewall k3s-stages-prod/),
    ]);
    const left = Object.entries(state().counts()).filter(([, count]) => count > 0);
    expect(left).toEqual([["firewalls", 1]]);
  });
});
