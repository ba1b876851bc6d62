import { describe, expect, it } from "vitest";
import { topology } from "../stacks/cluster/topology.ts";
import { readFleet } from "../stacks/config/files.ts";
import { check } from "../stacks/preflight/check.ts";
import { demandOf } from "../stacks/preflight/demand.ts";
import { beginsAgain, livesElsewhere } from "../stacks/preflight/other-state.ts";
import { type Plan, refusalText, verdict } from "../stacks/preflight/preflight.ts";
import type { Snapshot } from "../stacks/preflight/snapshot.ts";
import { takenFindings } from "../stacks/preflight/taken.ts";
import { isSound, targetTrouble } from "../stacks/preflight/targets.ts";
import { catalogue, made, now, pins, planOf, question, reading, thing, withType } from "./preflight-plan.ts";

const told = (plan: Plan, snapshot: Partial<Snapshot> = {}) => verdict(plan, { reading: reading(snapshot), now });
const refusals = (plan: Plan, snapshot: Partial<Snapshot> = {}) => told(plan, snapshot).refusals;
const warnings = (plan: Plan, snapshot: Partial<Snapshot> = {}) => told(plan, snapshot).warnings;

describe("the project's own stages", () => {
  it("ask for nothing that cannot be ordered", () => {
    const { fleet } = readFleet(`${import.meta.dirname}/..`);
    for (const stage of fleet.stages) {
      const demand = demandOf(stage, topology(fleet, stage));
      expect(check({ demand, snapshot: catalogue, now }, pins), stage.name).toEqual({ refusals: [], warnings: [] });
    }
  });
});

describe("a state that has nothing of the stage", () => {
  const lives = (existing: Snapshot["existing"]) => {
    const plan = planOf("dev");
    return livesElsewhere(demandOf(plan.stage, plan.topology), { ...catalogue, existing });
  };

  it("is another one where the stage's servers live: which, and where the right one may be, is said", () => {
    expect(lives(made(planOf("dev")))).toMatch(
      /^dev lives at Hetzner \(k3s-stages-dev-server-1\), and this state has none of its keys, .*`pulumi whoami --verbose`/,
    );
  });

  it("is a new stage's where there is no server, or somebody else's of that name, or Hetzner does not say", () => {
    expect(lives({ networks: [thing("k3s-stages-dev")] })).toBeUndefined();
    expect(lives({ servers: [thing("k3s-stages-dev-server-1", { labels: { team: "web" } })] })).toBeUndefined();
    expect(lives({})).toBeUndefined();
  });

  it("takes over what else is there of the stage after its first up, which an import needs", () => {
    const plan = planOf("dev");
    const begins = (existing: Snapshot["existing"]) =>
      beginsAgain(demandOf(plan.stage, plan.topology), { ...catalogue, existing });
    expect(begins({ networks: [thing("k3s-stages-dev")] })).toMatch(/^this state is new, .* run `pulumi up` first/);
    expect([begins({}), begins({ networks: [thing("k3s-stages-dev", { labels: {} })] })]).toEqual([
      undefined,
      undefined,
    ]);
  });
});

describe("a server type", () => {
  it("F13 that cannot be ordered at the location is refused, with what can be had there, cheapest first", () => {
    expect(refusals(planOf("dev"), withType("cpx22", "nbg1", { available: false }))).toEqual([
      "Pulumi.dev.yaml:5 cluster.servers.type: cpx22 cannot be ordered at nbg1 now; there can be had instead: " +
        "cpx32 (4 cores, 8 GB, 35.99 EUR a month), ccx13 (2 cores, 8 GB, 43.49 EUR a month), " +
        "cpx42 (8 cores, 16 GB, 69.99 EUR a month); cpx22 itself can be had at fsn1, hel1",
    ]);
  });

  it("F13 of an architecture that is sold out is refused with the other one", () => {
    const plan = planOf("stage", { "cluster.pools.web.type": "cax11" });
    expect(refusals(plan)).toEqual([
      "Pulumi.stage.yaml:7 cluster.pools.web.type: cax11 cannot be ordered at nbg1 now; nothing arm of its size can be " +
        "had there, of other architecture: cpx22 (2 cores, 4 GB, 19.99 EUR a month), " +
        "cpx32 (4 cores, 8 GB, 35.99 EUR a month), ccx13 (2 cores, 8 GB, 43.49 EUR a month)",
    ]);
  });

  it("F13 that is sold out does not matter to servers that live, but a warning says that they cannot be had again", () => {
    const plan = planOf("dev");
    const there = { ...withType("cpx22", "nbg1", { available: false }), existing: made(plan) };
    expect(refusals(plan, there)).toEqual([]);
    expect(warnings(plan, there)).toEqual([
      expect.stringMatching(/cpx22 cannot be ordered at nbg1 now: k3s-stages-dev-server-1 could not be had again/),
    ]);
  });

  it("F14 past its last day is refused, and before that day a warning names it", () => {
    const end = (unavailable_after: string) =>
      withType("cpx22", "nbg1", { deprecation: { announced: "2026-06-01T00:00:00Z", unavailable_after } });
    expect(refusals(planOf("dev"), end("2026-11-01T00:00:00Z"))).toEqual([
      expect.stringContaining("cpx22 was withdrawn at nbg1 on 2026-11-01; there can be had instead: cpx32"),
    ]);
    expect(refusals(planOf("dev"), end("2027-01-31T00:00:00Z"))).toEqual([]);
    expect(warnings(planOf("dev"), end("2027-01-31T00:00:00Z"))).toEqual([
      "Pulumi.dev.yaml:5 cluster.servers.type: cpx22 can be ordered at nbg1 only until 2027-01-31",
    ]);
  });

  it("F14 that Hetzner does not know any more is refused with its successor, and with more where that is sold out", () => {
    expect(refusals(planOf("dev", { "cluster.servers.type": "cx21" }))).toEqual([
      "Pulumi.dev.yaml:5 cluster.servers.type: Hetzner has no server type cx21; its successor is cx23 (2 cores, 4 GB, " +
        "5.99 EUR a month), which cannot be ordered at nbg1 now; there can be had instead: cpx22 (2 cores, 4 GB, " +
        "19.99 EUR a month), cpx32 (4 cores, 8 GB, 35.99 EUR a month), ccx13 (2 cores, 8 GB, 43.49 EUR a month)",
    ]);
    expect(refusals(planOf("dev", { "cluster.servers.type": "cpx21" }))).toEqual([
      expect.stringMatching(/no server type cpx21; its successor is cpx22 \(2 cores, 4 GB, 19\.99 EUR a month\)$/),
    ]);
    expect(refusals(planOf("dev", { "cluster.servers.type": "cpxx22" }))).toEqual([
      expect.stringContaining("no server type cpxx22 - did you mean cpx22?; there can be had instead: cpx22"),
    ]);
  });

  it("F14 that is not sold at the location is refused with the locations of the same zone", () => {
    const sold = (catalogue.serverTypes ?? []).map((type) =>
      type.name === "cpx22" ? { ...type, locations: type.locations.filter(({ name }) => name === "hel1") } : type,
    );
    const [line] = refusals(planOf("dev"), { serverTypes: sold });
    expect(line).toMatch(/cpx22 is not sold at nbg1; .*; cpx22 itself can be had at hel1$/);
  });

  it("F7 of arm64 is refused while pins.json has no digest for it, and an x86 one is not", () => {
    const flux = { ...pins.flux, sha256: { ...pins.flux.sha256, arm64: null } };
    const without = { ...pins, flux };
    const arm = { ...planOf("dev", { "cluster.servers.type": "cax11" }), pins: without };
    const stocked = withType("cax11", "nbg1", { available: true });
    expect(refusals(arm, stocked)).toEqual([
      "Pulumi.dev.yaml:5 cluster.servers.type: cax11 is arm64, and pins.json has no SHA-256 for " +
        `flux ${flux.version} for arm64: run \`npm run pins\``,
    ]);
    expect(refusals({ ...planOf("dev"), pins: without }, stocked)).toEqual([]);
  });

  it("F7 of arm64 is refused when the image is there for x86 alone", () => {
    const images = (catalogue.images ?? []).filter(({ architecture }) => architecture === "x86");
    const arm = planOf("dev", { "cluster.servers.type": "cax11" });
    expect(refusals(arm, { images, ...withType("cax11", "nbg1", { available: true }) })).toEqual([
      "Pulumi.dev.yaml:3 cluster.image: Hetzner has no image ubuntu-24.04 for arm: choose another (`hcloud image list --type system`)",
    ]);
    expect(refusals(planOf("dev"), { images })).toEqual([]);
  });

  it("of one core is too small for a control plane, and large enough for an agent", () => {
    const serverTypes = (catalogue.serverTypes ?? []).map((type) =>
      type.name === "cpx62" ? { ...type, cores: 1 } : type,
    );
    expect(refusals(planOf("dev", { "cluster.servers.type": "cpx62" }), { serverTypes })).toEqual([
      expect.stringContaining(
        "cpx62 (1 core, 32 GB, 130.49 EUR a month) is too small: a k3s server needs 2 cores and 2 GB; there can be had " +
          "instead: cpx22",
      ),
    ]);
    expect(refusals(planOf("stage", { "cluster.pools.web.type": "cpx62" }), { serverTypes })).toEqual([]);
  });

  it("of a gateway is one of those that are asked for", () => {
    const plan = planOf("dev", { "cluster.gateway": { type: "cx23" } });
    expect(refusals(plan)).toEqual([
      expect.stringContaining("cluster.gateway.type: cx23 cannot be ordered at nbg1 now"),
    ]);
  });
});

describe("load balancers and images", () => {
  it("of an unknown type are refused with the known ones", () => {
    expect(refusals(planOf("prod", { "cluster.loadBalancer": "lb99" }))).toEqual([
      "Pulumi.prod.yaml:10 cluster.loadBalancer: Hetzner has no load balancer type lb99: use one of lb11, lb21, lb31",
    ]);
  });

  it("that Hetzner calls deprecated are a warning", () => {
    const images = (catalogue.images ?? []).map((each) => ({ ...each, deprecated: "2026-08-31T00:00:00Z" }));
    expect(warnings(planOf("dev"), { images })).toEqual([
      expect.stringContaining("cluster.image: Hetzner calls ubuntu-24.04 deprecated since 2026-08-31"),
    ]);
  });

  it("that are gone refuse a new node and are a warning where all live, which keep theirs", () => {
    const plan = planOf("dev");
    expect([refusals(plan, { images: [] }), warnings(plan, { images: [] })]).toEqual([
      [expect.stringMatching(/cluster\.image: Hetzner has no image ubuntu-24\.04 for x86: choose another/)],
      [],
    ]);
    const living = { images: [], existing: made(plan) };
    expect([refusals(plan, living), warnings(plan, living)]).toEqual([
      [],
      [
        expect.stringMatching(
          /cluster\.image: Hetzner has no image ubuntu-24\.04 for x86: nodes that live keep theirs/,
        ),
      ],
    ]);
  });
});

describe("Hetzner's fixed limits", () => {
  const pools = (count: number, of: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [
        `pool-${index}`,
        { count: of, type: "cpx22", subnet: `10.10.${index + 1}.0/24` },
      ]),
    );

  it("F5 eleven servers are spread over two placement groups", () => {
    const groups = planOf("dev", { "cluster.pools": pools(1, 11) }).topology.nodes.map((node) => node.placementGroup);
    const [first, second] = ["k3s-stages-dev-pool-0-spread-1", "k3s-stages-dev-pool-0-spread-2"];
    expect(groups.slice(1)).toEqual([...Array(10).fill(first), second]);
  });

  it("F5 more nodes than a network takes are refused with the arithmetic, before anybody is asked", () => {
    expect(() => planOf("dev", { "cluster.pools": pools(2, 100) })).toThrow(
      /cluster\.pools: 201 nodes and 0 beside them; a Hetzner network takes 100/,
    );
  });

  it("F5 more placement groups than a project may have are refused with the arithmetic", () => {
    const others = Array.from({ length: 49 }, (_, index) => thing(`other-${index}`));
    const existing = { ...catalogue.existing, placement_groups: others };
    expect(refusals(planOf("dev"), { existing })).toEqual([]);
    expect(refusals(planOf("stage"), { existing })).toEqual([
      "Pulumi.stage.yaml:7 cluster.pools: 2 placement groups here and 49 others in the project; a project has at most " +
        "50: join some pools",
    ]);
  });

  it("more targets than the load balancer's type takes are refused", () => {
    const small = (catalogue.loadBalancerTypes ?? []).map((type) => ({ ...type, max_targets: 2 }));
    expect(refusals(planOf("prod"), { loadBalancerTypes: small })).toEqual([
      expect.stringContaining("k3s-stages-prod-api has 3 targets; a lb11 takes 2: choose a larger type"),
    ]);
  });

  it("of the project itself nobody is told, so what is needed stands there for a person to compare", () => {
    const others = [thing("web"), thing("db")];
    const existing = { ...catalogue.existing, servers: others };
    expect(told(planOf("prod"), { existing }).unchecked).toEqual([
      "the project's limits, which only Hetzner's console shows (Limits). Needed: servers 5 more beside 2, primary IPs " +
        "5 more, load balancers 1 more, networks 1 more, firewalls 1 more",
    ]);
    expect(told(planOf("prod"), { existing: made(planOf("prod")) }).unchecked).toEqual([]);
  });
});

describe("names at Hetzner", () => {
  const none = { has: () => false };
  const server = "k3s-stages-dev-server-1";
  const taken = (labels: object) => ({
    existing: { ...catalogue.existing, servers: [{ ...thing(server, { labels }), id: 42 }] },
  });

  it("F17 that something else has are refused with its id and labels, and it is not adopted", () => {
    const found = takenFindings(question(planOf("dev"), taken({ team: "web" })), none);
    expect(found.warnings).toEqual([]);
    expect(found.refusals.map(({ message }) => message)).toEqual([
      expect.stringContaining(
        `the name ${server} is taken by server 42 (labels: team=web), which is not this stage's by its labels: rename or ` +
          "delete it there",
      ),
    ]);
  });

  it("of servers that are about to be replaced are nothing to speak of", () => {
    const labels = { cluster: "k3s-stages-stage", "managed-by": "k3s-stages", generation: "1" };
    const plan = planOf("stage", { "cluster.pools.web.generations": { 1: 2 } });
    const servers = [thing("k3s-stages-stage-web-1", { labels, server_type: { name: "cpx22" } })];
    const there = { existing: { ...catalogue.existing, servers } };
    expect(takenFindings(question(plan, there), none)).toEqual({ refusals: [], warnings: [] });
    expect(refusals(plan, { ...there, ...withType("cpx22", "nbg1", { available: false }) })).toContainEqual(
      expect.stringContaining("cluster.pools.web.type: cpx22 cannot be ordered at nbg1 now"),
    );
  });

  it("that an interrupted run of this stage has are named with the command that takes them over", () => {
    const labels = { cluster: "k3s-stages-dev", "managed-by": "k3s-stages" };
    const found = takenFindings(question(planOf("dev"), taken(labels)), none);
    expect(found.refusals).toEqual([]);
    expect(found.warnings.map(({ message }) => message)).toEqual([
      expect.stringContaining(`pulumi import hcloud:index/server:Server ${server} 42 --parent`),
    ]);
  });

  it("F37 are nothing to speak of when the state has them, whatever somebody did to their labels", () => {
    const found = takenFindings(question(planOf("dev"), taken({})), { has: () => true });
    expect(found).toEqual({ refusals: [], warnings: [] });
  });
});

describe("servers that live", () => {
  const changed = (change: object) => {
    const existing = made(planOf("dev"));
    return { existing: { ...existing, servers: (existing.servers ?? []).map((each) => ({ ...each, ...change })) } };
  };

  it("F37 are reported when they are switched off", () => {
    expect(warnings(planOf("dev"), changed({ status: "off" }))).toEqual([
      expect.stringContaining("k3s-stages-dev-server-1 is switched off at Hetzner"),
    ]);
  });

  it("F37 are reported when they have another type than is configured, and that type has to be orderable", () => {
    const found = told(planOf("dev"), {
      ...changed({ type: "cpx32" }),
      ...withType("cpx22", "nbg1", { available: false }),
    });
    expect(found.refusals).toEqual([expect.stringContaining("cpx22 cannot be ordered at nbg1 now")]);
    expect(found.warnings).toEqual([
      expect.stringContaining(
        "k3s-stages-dev-server-1 is a cpx32 and is to be a cpx22: Hetzner switches it off for that",
      ),
    ]);
  });

  it("keep their type where only a replacement changes it, and the price is theirs", () => {
    const edited = planOf("prod", { "cluster.servers.type": "cpx62", "cluster.pools.web.type": "cpx62" });
    const found = told(edited, { existing: made(planOf("prod")), ...withType("cpx62", "nbg1", { available: false }) });
    expect([found.refusals, found.warnings]).toEqual([[], []]);
    expect(found.bill?.after).toEqual(found.bill?.before);
  });

  it("F41 are known by a status that nobody has heard of, and without the members that came or went", () => {
    const bare = changed({ status: "hibernating", location: undefined });
    expect(refusals(planOf("dev"), bare)).toEqual([]);
    expect(warnings(planOf("dev"), bare)).toEqual([]);
  });
});

describe("the refusal", () => {
  it("has everything at once, each with its file, line and path", () => {
    const edits = { "cluster.servers.type": "cax21", "cluster.pools.web.type": "cx33", "cluster.loadBalancer": "lb99" };
    expect(refusalText(told(planOf("prod", edits))).split("\n")).toEqual([
      "Hetzner cannot give what is configured (3):",
      expect.stringMatching(/^ {2}Pulumi\.prod\.yaml:5 cluster\.servers\.type: cax21 /),
      expect.stringMatching(/^ {2}Pulumi\.prod\.yaml:7 cluster\.pools\.web\.type: cx33 /),
      expect.stringMatching(
        /^ {2}Pulumi\.prod\.yaml:\d+ cluster\.loadBalancer: Hetzner has no load balancer type lb99/,
      ),
    ]);
  });
});

describe("machines behind a load balancer", () => {
  const prod = planOf("prod");
  /** The first of three servers is well, and the others are as given. */
  const behind = (second: object, third: object): Snapshot["existing"] => {
    const all = made(prod);
    const [first, ...others] = (all.servers ?? []).filter(({ name }) => /-server-\d$/.test(name));
    const healthy = { health_status: [{ listen_port: 6443, status: "healthy" }] };
    const targets = [first, ...others].map((server, index) => ({
      server: { id: server?.id },
      ...[healthy, second, third][index],
    }));
    return {
      ...all,
      load_balancers: [thing("k3s-stages-prod-api", { load_balancer_type: { name: "lb11" }, targets })],
    };
  };
  const status = (word: string) => ({ health_status: [{ listen_port: 6443, status: word }] });

  it("that get nothing from it are named with port and status in every preview (F30)", () => {
    expect(warnings(prod, { existing: behind(status("unhealthy"), status("unknown")) })).toEqual([
      expect.stringContaining(
        "k3s-stages-prod-api sends nothing to k3s-stages-prod-server-2: port 6443 unhealthy, " +
          "k3s-stages-prod-server-3: port 6443 unknown",
      ),
    ]);
    expect(warnings(prod, { existing: behind(status("healthy"), status("healthy")) })).toEqual([]);
  });

  it("are named with the way out, each with its own, where a run waited in vain (F30)", () => {
    const { demand } = question(prod);
    const existing = behind(status("unhealthy"), status("unknown"));
    const [, second] = (existing.servers ?? []).filter(({ name }) => /-server-\d$/.test(name));
    const servers = (existing.servers ?? []).map((each) => (each === second ? { ...each, status: "off" } : each));
    expect(targetTrouble(demand, { ...existing, servers })).toBe(
      [
        "Hetzner's load balancer k3s-stages-prod-api sends nothing to:",
        "  k3s-stages-prod-server-2: port 6443 unhealthy, switched off",
        "  k3s-stages-prod-server-3: port 6443 unknown",
        "unhealthy: nothing there answers as it should; the server's console in the Hetzner console shows what its bootstrap " +
          "waits for. unknown: Hetzner has not asked it yet; for minutes it means that the server is not in the network, and " +
          "`pulumi up --refresh` puts it there. switched off: switch it on in the Hetzner console.",
      ].join("\n"),
    );
    const [balancer] = existing.load_balancers ?? [];
    const one = {
      ...existing,
      load_balancers: balancer ? [{ ...balancer, targets: balancer.targets.slice(0, 2) }] : [],
    };
    expect(targetTrouble(demand, one)).toMatch(/server-3: no target\n.*no target: `pulumi up --refresh` makes it one/s);
    expect(isSound(demand, one.load_balancers)).toBe(false);
    expect(isSound(demand, behind(status("healthy"), status("healthy")).load_balancers ?? [])).toBe(true);
  });

  it("of which Hetzner says nothing are not guessed at", () => {
    const { demand } = question(prod);
    expect(
      targetTrouble(demand, { ...behind(status("unhealthy"), status("unknown")), servers: undefined }),
    ).toBeUndefined();
    expect(isSound(demand, [])).toBe(true);
  });
});
