import { type Demand, isOurs, lives } from "./demand.ts";
import { type Findings, type Question, refuse, together, warn } from "./findings.ts";
import type { Part } from "./parts.ts";
import { type Existing, type Kind, kinds, type Whole } from "./snapshot.ts";

interface Thing {
  readonly kind: Kind;
  readonly there: Existing;
}

/** `server 42 (labels: team=web)` */
function thing({ kind, there: { id, labels } }: Thing): string {
  const all = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return `${kinds[kind].word} ${id} (${all.length > 0 ? `labels: ${all.join(", ")}` : "no labels"})`;
}

type Owner = Pick<Demand, "stage" | "cluster">;

/** Of the component that holds the cluster's resources; every stack's state has it (stacks/cluster/k3s-cluster.ts). */
const component = "k3s-stages:cluster:K3sCluster";

/**
 * Takes a thing at Hetzner into the stage's state. It belongs below the cluster's component: without its parent Pulumi would
 * take it for another resource, make a second one and delete this.
 */
function importCommand(what: readonly [token: string, name: string, id: string], { stage, cluster }: Owner): string {
  const project = cluster.slice(0, -stage.length - 1);
  const parent = `cluster=urn:pulumi:${stage}::${project}::${component}::${stage}`;
  return `pulumi import ${what.join(" ")} --parent '${parent}' --protect=false --generate-code=false --stack ${stage}`;
}

/** A part belongs to whom the whole belongs, and the program makes parts of its own things only. */
export function takenPartSentence(part: Part, whole: Whole, owner: Owner): string {
  const command = importCommand([part.token, part.name, part.id(whole.id)], owner);
  return (
    `${part.what} is there already, in ${kinds[part.kind].word} ${whole.id}, but not in the state. Take it over with ` +
    `\`${command}\``
  );
}

/** What to do about a name that Hetzner has already, by whose it is. */
export function takenSentence(taken: Thing, owner: Owner): string {
  const { kind, there } = taken;
  const what = `the name ${there.name} is taken by ${thing(taken)}`;
  const command = importCommand([kinds[kind].token, there.name, String(there.id)], owner);
  if (isOurs(there, owner)) {
    return (
      `${what}: it is this stage's by its labels, but not in the state. Take it over with \`${command}\`, ` +
      "or delete it at Hetzner if it was made just now and holds nothing"
    );
  }
  const labels = `cluster=${owner.cluster} and managed-by=k3s-stages`;
  return (
    `${what}, which is not this stage's by its labels: rename or delete it there. If it is this stage's after all, give it ` +
    `the labels ${labels}, then: ${command}`
  );
}

/** Everything that exists under a name of the plan. */
const namesakes = ({ demand, snapshot }: Pick<Question, "demand" | "snapshot">): readonly Thing[] =>
  demand.names.flatMap(({ kind, name }) => {
    const there = snapshot.existing[kind]?.find((each) => each.name === name);
    return there ? [{ kind, there }] : [];
  });

export interface State {
  /** Whether Pulumi's state has it; only a preview can tell. */
  readonly has: (kind: Kind, name: string) => boolean;
}

/** A server of another generation is there because it is about to be replaced. */
const isReplaced = ({ kind, there }: Thing, demand: Demand): boolean =>
  kind === "servers" &&
  isOurs(there, demand) &&
  demand.servers.some((server) => server.name === there.name && !lives(there, server, demand));

/** Names that are taken by something which the state does not have. */
export function takenFindings(question: Question, state: State): Findings {
  const { demand } = question;
  const strangers = namesakes(question).filter(
    (taken) => !state.has(taken.kind, taken.there.name) && !isReplaced(taken, demand),
  );
  const found = strangers.map((taken) => {
    const judged = isOurs(taken.there, demand) ? warn : refuse;
    return judged(["cluster"], takenSentence(taken, demand));
  });
  return together(found);
}
