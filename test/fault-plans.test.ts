/** Random faults at Hetzner, in random order: whatever happens, a few runs without faults put it right, and nothing is left. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { noAnswer } from "../sandbox/hetzner/error.ts";
import { type Hetzner, startHetzner } from "../sandbox/hetzner/start.ts";
import { startHcloudProvider } from "../sandbox/providers/hcloud.ts";
import { applyLoop } from "./apply-loop.ts";
import { hcloudClient } from "./hcloud-client.ts";
import type { Made, Name } from "./hcloud-cluster.ts";
import { hetznerToken as token } from "./hetzner-client.ts";
import { type Fault, fault, inject, losesFirewall, switchOn, writes } from "./random-faults.ts";

/** What happens before each of some runs, and before each of some attempts to take everything away. */
const plan = fc.record({
  ups: fc.array(fc.array(fault, { maxLength: 4 }), { maxLength: 3 }),
  destroys: fc.array(fc.array(fault, { maxLength: 3 }), { maxLength: 2 }),
});

const headers = { authorization: `Bearer ${token}` };
const lists = {
  network: ["networks", "dev"],
  firewall: ["firewalls", "dev"],
  group: ["placement_groups", "dev"],
  key: ["ssh_keys", "dev"],
  address: ["primary_ips", "dev-server-1"],
  server: ["servers", "dev-server-1"],
  balancer: ["load_balancers", "dev-api"],
} as const;

async function world() {
  const api = await startHetzner({ token, actionMilliseconds: 0 });
  const served = await startHcloudProvider({ pauseMilliseconds: 0.1, deadlineMilliseconds: 60_000 });
  const client = hcloudClient(served.port);
  await client.configure({ token, endpoint: api.url, pollInterval: "1ms", pollFunction: "constant" });
  const named = async (kind: string, name: string) => {
    const answer = await fetch(`${api.url}/${kind}?name=${name}`, { headers });
    const { [kind]: items } = (await answer.json()) as { readonly [kind: string]: readonly { readonly id: number }[] };
    return items?.[0] && String(items[0].id);
  };
  const partOf = (name: Name, { network, balancer }: Made): string | undefined => {
    if (name === "subnet") return `${network.id}-10.10.0.0/24`;
    if (name === "route") return `${network.id}-0.0.0.0/0`;
    return name === "service" ? `${balancer.id}__6443` : undefined;
  };
  const idOf = async (name: Name, made: Made) => {
    const [kind, own] = lists[name as keyof typeof lists] ?? [];
    return kind && own ? named(kind, own) : partOf(name, made);
  };
  const close = async () => {
    client.close();
    await served.close();
    await api.close();
  };
  return { api, loop: applyLoop(client, idOf), close };
}

/** Names that two things of one kind have. */
function twins({ state }: Hetzner): readonly string[] {
  const kinds = { server: state.servers(), network: state.networks(), firewall: state.firewalls() };
  const all = {
    ...kinds,
    balancer: state.loadBalancers(),
    group: state.placementGroups(),
    address: state.primaryIps(),
  };
  const names = Object.entries(all).flatMap(([kind, items]) => items.map(({ name }) => `${kind} ${name}`));
  return names.filter((name, index) => names.indexOf(name) !== index);
}

const unlabelled = ({ state }: Hetzner): readonly string[] =>
  [...state.servers(), ...state.networks(), ...state.firewalls(), ...state.loadBalancers(), ...state.placementGroups()]
    .filter(({ labels }) => labels["cluster"] !== "dev")
    .map(({ name }) => name);

/** Runs without a fault after which everything has to be right. */
const most = 4;

async function settles(api: Hetzner, { mend }: { readonly mend: () => Promise<readonly string[]> }) {
  let errors: readonly string[] = [];
  for (let run = 1; run <= most; run += 1) {
    errors = await mend();
    await switchOn({ api, token });
    if (errors.length === 0) return [];
  }
  return errors;
}

async function tried({ ups, destroys }: { ups: Fault[][]; destroys: Fault[][] }): Promise<void> {
  const { api, loop, close } = await world();
  try {
    for (const faults of ups) {
      for (const one of faults) await inject({ api, token }, one);
      await loop.up();
      expect(twins(api)).toEqual([]);
    }
    api.faults.clear();
    await expectWhole({ api, loop });
    for (const faults of destroys) {
      for (const one of faults) await inject({ api, token }, one);
      await loop.refresh().catch(() => {});
      await loop.destroy();
    }
    api.faults.clear();
    await loop.refresh();
    expect(await loop.destroy()).toEqual([]);
    const left = Object.entries(api.state.counts()).filter(([, count]) => count > 0);
    expect(left.filter(([kind]) => kind !== "firewalls" || !losesFirewall(destroys.flat()))).toEqual([]);
    expect(api.journal.unknown()).toEqual([]);
  } finally {
    await close();
  }
}

/** Settled, as after a run that nobody disturbed. */
async function expectWhole({ api, loop }: Pick<Awaited<ReturnType<typeof world>>, "api" | "loop">): Promise<void> {
  expect(await settles(api, loop)).toEqual([]);
  expect(api.state.servers()).toMatchObject([{ private_net: [{ ip: "10.10.0.11" }], powered: true }]);
  expect(api.state.loadBalancers()).toMatchObject([{ services: [{}], targets: [{}], private_net: [{}] }]);
  expect([...twins(api), ...unlabelled(api)]).toEqual([]);
  api.journal.clear();
  expect(await loop.up()).toEqual([]);
  expect(api.journal.writes()).toEqual([]);
}

describe("a connection that is lost", () => {
  const creations = writes.filter((operation) => /^POST/.test(operation) && !/delete_|remove_|detach_/.test(operation));

  it.each(creations)(
    "at %s ends the run, before it was done or after; the next ones converge (F20)",
    async (operation) => {
      for (const moment of ["failNext", "failAfter"] as const) {
        const { api, loop, close } = await world();
        api.faults[moment](operation, noAnswer);
        const errors = await loop.up();
        const tried = api.journal.entries().filter((entry) => entry.operation === operation && entry.status === 0);
        expect([errors.length > 0, tried.length]).toEqual([true, 1]);
        await expectWhole({ api, loop }).finally(close);
      }
    },
  );
});

describe("what was deleted by hand", () => {
  it.each(["servers", "networks", "load_balancers", "placement_groups", "firewalls"] as const)(
    "of %s is made again by a run that refreshes, and the stage goes without a rest (F32)",
    async (what) => {
      const { api, loop, close } = await world();
      expect(await loop.up()).toEqual([]);
      const { servers, networks, firewalls } = api.state;
      const others = () => ({ servers: servers(), networks: networks(), firewalls: firewalls() });
      const before = others();
      await inject({ api, token }, { kind: "vanished", what });
      await expectWhole({ api, loop });
      const kept = Object.entries(before).filter(([kind]) => kind !== what);
      for (const [kind, items] of kept)
        expect(others()[kind as keyof typeof before].map(({ id }) => id)).toEqual(items.map(({ id }) => id));
      await inject({ api, token }, { kind: "vanished", what });
      await loop.refresh();
      expect(await loop.destroy()).toEqual([]);
      expect(Object.values(api.state.counts()).filter((count) => count > 0)).toEqual([]);
      await close();
    },
  );
});

describe("random faults at Hetzner", () => {
  it("are put right by a few runs without them, write nothing in a second run, and leave nothing behind (F49)", async () => {
    await fc.assert(fc.asyncProperty(plan, tried), { numRuns: 30 });
  }, 300_000);
});
