/** The provider's side of `gitops:index:Nodes`: Check refuses what would take away more than one server at a time. */
import type { Fleet, Made, MadeNodes, Others } from "../../stacks/cluster/made.ts";
import { replacements } from "../../stacks/cluster/replacements.ts";
import type { Resource } from "../resource.ts";
import { isProperties, type Properties, unknown, type Value } from "../values.ts";

const text = (value: Value | undefined): string => (typeof value === "string" ? value : "");

function made(value: Value): Made {
  const { role, generation, type, image, place, protect, userData } = isProperties(value) ? value : {};
  return {
    role: role === "server" ? "server" : "agent",
    generation: Number(generation ?? 1),
    type: text(type),
    image: text(image),
    place: text(place),
    protect: protect === true,
    userData: text(userData),
  };
}

const nodesOf = ({ nodes }: Properties): MadeNodes =>
  Object.fromEntries(Object.entries(isProperties(nodes ?? null) ? (nodes as Properties) : {}).map(entry));

const entry = ([name, value]: [string, Value]): [string, Made] => [name, made(value)];

export interface Surroundings {
  readonly env: { readonly [name: string]: string | undefined };
}

const othersOf = ({ others = null }: Properties): Others =>
  Object.fromEntries(Object.entries(isProperties(others) ? others : {}).map(([what, value]) => [what, value === true]));

const fleetOf = (inputs: Properties, { env }: Surroundings): Fleet => ({
  nodes: nodesOf(inputs),
  others: othersOf(inputs),
  starts: text(inputs["starts"]) || undefined,
  restores: text(inputs["restores"]) || undefined,
  serverToken: Number(inputs["serverToken"] ?? 1),
  k3s: text(inputs["k3s"]),
  upgrades: inputs["upgrades"] === true,
  reached: inputs["reached"] !== false,
  balanced: inputs["balanced"] !== false,
  skipped: (env["K3S_STAGES_SKIP_DRAIN"] ?? "").split(","),
});

/** The rotation of the servers' token with which the cluster began: known from its first run on, as far as there is another. */
function birth({ serverToken }: Properties, oldInputs: Properties): Properties {
  if (serverToken === undefined) return {};
  const isNew = Object.keys(oldInputs).length === 0;
  return { born: isNew ? serverToken : (oldInputs["born"] ?? 1) };
}

const bornWith = ({ born }: Properties): Properties => (born === undefined ? {} : { born });

/**
 * What every machine of a stage was made as. The servers wait for it, so what it refuses has not begun; the generations that
 * a run reached are in the servers' own state.
 */
export function nodes(around: Surroundings): Resource {
  return {
    async check({ inputs, oldInputs, log }) {
      if (Object.values(inputs).includes(unknown)) return { inputs };
      const found = replacements(fleetOf(oldInputs, around), fleetOf(inputs, around));
      const failures = found.problems.map((reason) => ({ property: "", reason }));
      if (failures.length > 0) return { inputs, failures };
      for (const note of found.notes) await log("WARNING", note);
      return { inputs: { ...inputs, ...birth(inputs, oldInputs), nodes: found.nodes as unknown as Properties } };
    },
    create: ({ inputs }) => ({ id: text(inputs["cluster"]), outputs: bornWith(inputs) }),
    update: ({ inputs }) => ({ outputs: bornWith(inputs) }),
  };
}
