import { describe, expect, it } from "vitest";
import type { Plan } from "../stacks/preflight/preflight.ts";
import { bill } from "../stacks/preflight/price.ts";
import { isUnchanged, priceLine, priceTable } from "../stacks/preflight/report.ts";
import type { Snapshot } from "../stacks/preflight/snapshot.ts";
import { catalogue, made, planOf, question } from "./preflight-plan.ts";

function billOf(plan: Plan, snapshot: Partial<Snapshot> = {}) {
  const found = bill(question(plan, snapshot));
  if (!found) throw new Error("no bill");
  return found;
}

const table = (plan: Plan, snapshot: Partial<Snapshot> = {}): readonly string[] =>
  priceTable(plan.stage.name, billOf(plan, snapshot)).split("\n");

describe("a stage's month", () => {
  it("has a line per kind, net and with VAT, in no more columns than a terminal has beside Pulumi's indentation", () => {
    const lines = table(planOf("prod"));
    expect(lines).toEqual([
      "prod, a month at Hetzner         count  EUR net  with VAT   change",
      "server cpx32              nbg1  0 to 5   179.95    214.14  +179.95",
      "load balancer lb11        nbg1  0 to 1     7.49      8.91    +7.49",
      "public IPv4 address       nbg1  0 to 5     2.50      2.98    +2.50",
      "in all                                   189.94    226.03  +189.94",
      "Not in it: volumes, load balancers of Services, traffic beyond what is included.",
    ]);
    expect(Math.max(...lines.slice(0, -1).map(({ length }) => length))).toBeLessThanOrEqual(76);
  });

  it("is one line when nothing changes", () => {
    const plan = planOf("dev");
    const same = billOf(plan, { existing: made(plan) });
    expect(isUnchanged(same)).toBe(true);
    expect(priceLine("dev", same)).toBe("dev costs 20.49 EUR (24.38 with VAT) a month at Hetzner, as now");
  });

  it("names what comes and what goes", () => {
    const existing = made(planOf("stage"));
    const lines = table(planOf("stage", { "cluster.pools.web.type": "cpx32", "cluster.pools.web.count": 2 }), {
      existing,
    });
    expect(lines.slice(1, 5)).toEqual([
      expect.stringMatching(/^server cpx22 +nbg1 +2 to 1 +19\.99 +23\.79 +-19\.99$/),
      expect.stringMatching(/^server cpx32 +nbg1 +0 to 2 +71\.98 +85\.66 +\+71\.98$/),
      expect.stringMatching(/^public IPv4 address +nbg1 +2 to 3 +1\.50 +1\.79 +\+0\.50$/),
      expect.stringMatching(/^in all +93\.47 +111\.23 +\+52\.49$/),
    ]);
  });

  it("counts neither other things of the project nor their addresses", () => {
    const existing = made(planOf("prod"));
    expect(billOf(planOf("dev"), { existing }).before).toEqual({ net: 0, gross: 0 });
  });

  it("says where Hetzner's list has no price instead of leaving it out", () => {
    const serverTypes = (catalogue.serverTypes ?? []).map((type) => ({ ...type, prices: [] }));
    const lines = table(planOf("dev"), { serverTypes });
    expect(lines[1]).toMatch(/^server cpx22 +nbg1 +0 to 1 +\? +\?$/);
    expect(lines).toContain("?: Hetzner's list has no price for it there.");
  });

  it("has the gateway and the apps' load balancer in it, and no address for nodes without one", () => {
    const web = { count: 2, type: "cpx32", subnet: "10.10.1.0/24", public: false };
    const plan = planOf("dev", {
      "cluster.gateway": { type: "cpx12" },
      "cluster.ingress": "load-balancer",
      "cluster.pools": { web },
    });
    expect(table(plan).slice(1, 6)).toEqual([
      expect.stringMatching(/^server cpx22 +nbg1 +0 to 1 /),
      expect.stringMatching(/^server cpx32 +nbg1 +0 to 2 /),
      expect.stringMatching(/^server cpx12 +nbg1 +0 to 1 +11\.99 /),
      expect.stringMatching(/^load balancer lb11 +nbg1 +0 to 1 +7\.49 /),
      expect.stringMatching(/^public IPv4 address +nbg1 +0 to 2 +1\.00 /),
    ]);
  });

  it("is not known where the list was not read", () => {
    expect(bill(question(planOf("dev"), { pricing: undefined }))).toBeUndefined();
  });

  it("adds cents up without losing one", () => {
    const plan = planOf("dev", { "cluster.pools": { web: { count: 90, type: "cpx12", subnet: "10.10.4.0/24" } } });
    expect(billOf(plan).after.net).toBeCloseTo(19.99 + 90 * 11.99 + 91 * 0.5, 8);
  });
});
