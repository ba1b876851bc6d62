/** SHELL: the check as part of the Pulumi program. Hetzner is asked while the program goes on. */
import { setImmediate } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import type { Namesake, Targets } from "../cluster/hooks.ts";
import { topology } from "../cluster/topology.ts";
import { isUnsure } from "../cluster/way-out.ts";
import type { Loaded } from "../config/load.ts";
import { demandOf } from "./demand.ts";
import { type Account, hetznerClient, officialEndpoint } from "./hetzner.ts";
import { beginsAgain, livesElsewhere } from "./other-state.ts";
import { partsOf } from "./parts.ts";
import { type Plan, refusalText, type Verdict, verdict } from "./preflight.ts";
import { kindsOf, type Reading, readAll, readHetzner, readNamesake, readWhole } from "./read.ts";
import { isUnchanged, priceLine, priceTable } from "./report.ts";
import { kindOf, kinds } from "./snapshot.ts";
import { type State, takenPartSentence, takenSentence } from "./taken.ts";
import { isSound, targetTrouble } from "./targets.ts";

function refuse(found: Verdict): void {
  if (found.refusals.length > 0) throw new pulumi.RunError(refusalText(found));
}

/** In a preview the id of what the state has is known, and that of what would be made is not. */
function isInState(resource: pulumi.CustomResource): Promise<boolean> {
  return new Promise((resolve) => {
    resource.id.apply(() => resolve(true));
    // Both come with the same answer of the engine; an id that is known was heard of by then.
    resource.urn.apply(() => setImmediate().then(() => resolve(false)));
  });
}

type Given = Omit<Account, "endpoint"> & { readonly endpoint?: string | undefined };

export class Preflight {
  /** Nothing is declared before it in an `up`; a preview creates nothing and does not wait. */
  readonly cleared: Promise<void>;
  readonly #plan: Plan;
  readonly #account: Account;
  readonly #reading: Promise<Reading>;
  readonly #resources = new Map<string, pulumi.Resource>();

  constructor({ fleet, stage, pins, sources }: Loaded, account: Given) {
    this.#plan = { stage, topology: topology(fleet, stage), pins, sources };
    this.#account = { ...account, endpoint: account.endpoint ?? officialEndpoint };
    const demand = demandOf(stage, this.#plan.topology);
    const asked = { image: demand.image, kinds: kindsOf(demand) };
    // Node loads its `fetch` at the first use of it: once the program has declared its resources, and waits for the engine.
    this.#reading = setImmediate().then(() => readHetzner(hetznerClient(this.#account), asked));
    this.cleared = pulumi.runtime.isDryRun() ? Promise.resolve() : this.#clear();
  }

  async #clear(): Promise<void> {
    refuse(verdict(this.#plan, { reading: await this.#reading, now: new Date() }));
  }

  /** For the stage's authorities, which only a state makes that has nothing of the stage yet. */
  readonly first: pulumi.ResourceHookBinding = {
    beforeCreate: [
      new pulumi.ResourceHook(
        "k3s-stages:first",
        async () => {
          const { snapshot } = await this.#reading;
          const demand = demandOf(this.#plan.stage, this.#plan.topology);
          const found = livesElsewhere(demand, snapshot);
          if (found) throw new pulumi.RunError(found);
          const again = pulumi.runtime.isDryRun() && beginsAgain(demand, snapshot);
          if (again) await pulumi.log.warn(again);
        },
        { onDryRun: true },
      ),
    ],
  };

  /** For the cluster: remembers its resources, to ask later which of them the state has. */
  readonly sees: pulumi.ResourceTransformation = ({ type, name, resource }) => {
    this.#resources.set(`${type} ${name}`, resource);
    return undefined;
  };

  async #state(): Promise<State> {
    const asked = [...this.#resources].map(async ([key, resource]) => {
      const isKnown = !pulumi.CustomResource.isInstance(resource) || (await isInState(resource));
      return [key, isKnown] as const;
    });
    const known = new Map(await Promise.all(asked));
    return { has: (kind, name) => known.get(`${kinds[kind].token} ${name}`) ?? true };
  }

  /** What Hetzner has where a creation failed: under the resource's name, or in what it would be part of. */
  readonly namesake: Namesake = async ({ type, name, error }) => {
    const { stage, topology: plan } = this.#plan;
    const client = hetznerClient(this.#account);
    const owner = { stage: stage.name, cluster: plan.cluster };
    const part = partsOf(plan).find((each) => each.token === type && each.name === name);
    const whole = part && (await readWhole(client, part));
    if (part) return whole && takenPartSentence(part, whole, owner);
    const kind = isUnsure(error) ? kindOf(type) : undefined;
    const there = kind && (await readNamesake(client, kind, name));
    return there && `${takenSentence({ kind, there }, owner)}. A preview names all such things at once`;
  };

  /** What the stage's load balancers find behind them now; a machine's name is asked for only where one is needed. */
  readonly targets: Targets = async () => {
    const demand = demandOf(this.#plan.stage, this.#plan.topology);
    if (demand.loadBalancers.length === 0) return undefined;
    const client = hetznerClient(this.#account);
    const load_balancers = await readAll(client, "load_balancers");
    if (isSound(demand, load_balancers)) return undefined;
    return targetTrouble(demand, { load_balancers, servers: await readAll(client, "servers") });
  };

  /** At the end of a preview: what was found, and the price of a month. In an `up` it was said before. */
  async say(): Promise<void> {
    if (!pulumi.runtime.isDryRun()) return;
    const { stage } = this.#plan;
    const reading = await this.#reading;
    const found = verdict(this.#plan, { reading, now: new Date(), state: await this.#state() });
    for (const warning of found.warnings) await pulumi.log.warn(warning);
    for (const unchecked of found.unchecked) await pulumi.log.info(`not checked at Hetzner: ${unchecked}`);
    if (found.bill) await pulumi.log.info((isUnchanged(found.bill) ? priceLine : priceTable)(stage.name, found.bill));
    refuse(found);
  }
}
