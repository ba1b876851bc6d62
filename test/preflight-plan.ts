/** A stage of the seed and what Hetzner says to it, for tests of the check: the emulator's catalogue, read as the API's. */
import { join } from "node:path";
import { loadBalancerTypes, locations, serverTypes, images as systems } from "../sandbox/hetzner/catalogue.ts";
import { pricing as prices } from "../sandbox/hetzner/prices.ts";
import { topology } from "../stacks/cluster/topology.ts";
import { readPins } from "../stacks/config/files.ts";
import { resolve } from "../stacks/config/resolve.ts";
import { demandOf } from "../stacks/preflight/demand.ts";
import type { Question } from "../stacks/preflight/findings.ts";
import type { Plan } from "../stacks/preflight/preflight.ts";
import type { Reading } from "../stacks/preflight/read.ts";
import {
  type Existing,
  existing,
  image,
  loadBalancerType,
  pricing,
  type Snapshot,
  serverType,
} from "../stacks/preflight/snapshot.ts";
import { seedSources } from "./sources.ts";

export const pins = readPins(join(import.meta.dirname, ".."));
export const now = new Date("2026-11-27T12:00:00Z");

export const catalogue: Snapshot = {
  serverTypes: serverTypes.map((each) => serverType.parse(each)),
  loadBalancerTypes: loadBalancerTypes.map((each) => loadBalancerType.parse(each)),
  images: systems.filter(({ name }) => name === "ubuntu-24.04").map((each) => image.parse(each)),
  pricing: pricing.parse(prices({ locations: locations.map(({ name }) => name), serverTypes, loadBalancerTypes })),
  existing: { servers: [], networks: [], load_balancers: [], firewalls: [], placement_groups: [], primary_ips: [] },
};

/** A stage of the seed, its file edited. */
export function planOf(stage: string, edits: { readonly [path: string]: unknown } = {}): Plan {
  const sources = seedSources({ [`Pulumi.${stage}.yaml`]: edits });
  const fleet = resolve(sources);
  const found = fleet.stages.find(({ name }) => name === stage);
  if (!found) throw new Error(`the seed has no ${stage}`);
  return { stage: found, topology: topology(fleet, found), pins, sources };
}

export const reading = (snapshot: Partial<Snapshot> = {}): Reading => ({
  snapshot: { ...catalogue, ...snapshot },
  unread: [],
  refused: undefined,
  clock: undefined,
});

export const question = (plan: Plan, snapshot: Partial<Snapshot> = {}): Question => ({
  demand: demandOf(plan.stage, plan.topology),
  snapshot: { ...catalogue, ...snapshot },
  now,
});

/** The catalogue with a type changed at a location. */
export const withType = (name: string, location: string, change: object): Partial<Snapshot> => ({
  serverTypes: (catalogue.serverTypes ?? []).map((type) =>
    type.name === name
      ? { ...type, locations: type.locations.map((at) => (at.name === location ? { ...at, ...change } : at)) }
      : type,
  ),
});

let id = 4000;
/** Something at Hetzner, as the API shows it; ours unless other labels are given. */
export function thing(name: string, more: object = {}): Existing {
  id += 1;
  const labels = { cluster: name.split("-").slice(0, 3).join("-"), "managed-by": "k3s-stages" };
  return existing.parse({ id, name, labels, location: { name: "nbg1" }, ...more });
}

/** Everything of a plan, as if it had been made. */
export function made(plan: Plan): Snapshot["existing"] {
  const { demand } = question(plan);
  const of = (kind: string) => demand.names.filter((each) => each.kind === kind).map(({ name }) => thing(name));
  const servers = demand.servers.map(({ name, type, location }) =>
    thing(name, { server_type: { name: type }, location: { name: location }, status: "running" }),
  );
  return {
    servers,
    load_balancers: demand.loadBalancers.map(({ name, type }) => thing(name, { load_balancer_type: { name: type } })),
    ...{ networks: of("networks"), firewalls: of("firewalls"), placement_groups: of("placement_groups") },
    primary_ips: servers.map(({ name, id: assignee_id }) => thing(name, { type: "ipv4", assignee_id })),
  };
}
