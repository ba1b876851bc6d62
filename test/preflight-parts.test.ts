/** Parts of networks and load balancers: what a lost answer leaves of them can only be found in what they are part of. */
import { describe, expect, it } from "vitest";
import { topology } from "../stacks/cluster/topology.ts";
import { resolve } from "../stacks/config/resolve.ts";
import { partsOf } from "../stacks/preflight/parts.ts";
import { whole } from "../stacks/preflight/snapshot.ts";
import { takenPartSentence } from "../stacks/preflight/taken.ts";
import { privately } from "./plans.ts";
import { seedSources } from "./sources.ts";

const fleet = resolve(seedSources({ "Pulumi.prod.yaml": privately }));
const stage = fleet.stages.find(({ name }) => name === "prod");
if (!stage) throw new Error("there is no prod");
const plan = topology(fleet, stage);
const parts = partsOf(plan);
const part = (what: string) => {
  const found = parts.find((each) => each.what === what);
  if (!found) throw new Error(`there is no ${what}`);
  return found;
};

describe("a part that is there although its creation failed", () => {
  it("is found in its network or load balancer, and nowhere else", () => {
    const network = whole.parse({ id: 7, subnets: [{ ip_range: "10.30.0.0/24" }], routes: [] });
    expect([part("the subnet 10.30.0.0/24").isIn(network), part("the default route").isIn(network)]).toEqual([
      true,
      false,
    ]);
    const balancer = whole.parse({ id: 8, services: [{ listen_port: 6443 }] });
    expect(part("the service on port 6443").isIn(balancer)).toBe(true);
    expect(part("the subnet 10.30.0.0/24").isIn(balancer)).toBe(false);
  });

  it("is named with the import that takes it over, by the id that the provider makes up for it (F20)", () => {
    const owner = { stage: "prod", cluster: plan.cluster };
    const said = takenPartSentence(part("the default route"), whole.parse({ id: 7 }), owner);
    expect(said).toContain("the default route is there already, in network 7, but not in the state");
    expect(said).toContain(
      `pulumi import hcloud:index/networkRoute:NetworkRoute ${plan.cluster}-gateway 7-0.0.0.0/0 --parent`,
    );
    expect(part("the subnet 10.30.0.0/24").id(7)).toBe("7-10.30.0.0/24");
    expect(part("the service on port 6443").id(8)).toBe("8__6443");
  });
});
