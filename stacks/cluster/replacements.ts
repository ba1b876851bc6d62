import { upgradeProblem } from "./k3s-version.ts";
import { type Fleet, type Known, type Made, type MadeNodes, servers } from "./made.ts";
import { outOfReach } from "./out-of-reach.ts";
import type { Role } from "./plan/machine.ts";
import { stranded } from "./stranded.ts";
import { tokenNotes, tokenProblems } from "./token-change.ts";

export interface Replacements {
  /** Why this may not be done in one run; empty: it may. */
  readonly problems: readonly string[];
  /** What the configuration says and living nodes are not. */
  readonly notes: readonly string[];
  /** As it will be: living nodes keep what they were made as. */
  readonly nodes: MadeNodes;
}

const list = (names: readonly string[]): string =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;

const where = (name: string): string => `its line in generations (the ${/[0-9]+$/.exec(name)?.[0]} of its pool)`;

function beginning({ nodes, starts }: Fleet): readonly string[] {
  const [first = ""] = servers(nodes);
  if (starts !== undefined) return [];
  return [
    `${first} is to join a cluster, and the state has none: a new cluster begins with generation 1 of its first server. ` +
      "Remove cluster.servers.generations.1, or name a snapshot to begin with in cluster.restore",
  ];
}

/** Hetzner moves no server, and takes it off the internet only when it is off: all of a pool, in one edit. */
function moved(old: MadeNodes, now: MadeNodes): readonly string[] {
  return Object.entries(now).flatMap(([name, { generation, place }]) => {
    const before = old[name];
    if (!before?.place || before.generation !== generation || before.place === place) return [];
    return [
      `${name} lives in ${before.place} and would be in ${place}: it would be switched off or made again. Put it back, or ` +
        `raise ${where(name)} with the edit`,
    ];
  });
}

function lowered(old: MadeNodes, now: MadeNodes): readonly string[] {
  return Object.entries(now).flatMap(([name, { generation }]) => {
    const before = old[name]?.generation ?? generation;
    const raised = `a generation only rises. Set ${where(name)} to ${before} to keep it, to ${before + 1} to replace it`;
    return generation < before ? [`${name} would go from generation ${before} to ${generation}, and ${raised}`] : [];
  });
}

/** Etcd keeps its majority only when one of its machines is away at a time. */
function together(old: MadeNodes, now: Fleet, replaced: readonly string[]): readonly string[] {
  const added = servers(now.nodes).filter((name) => !old[name]);
  const removed = servers(old).filter((name) => !now.nodes[name]);
  if (replaced.length > 1)
    return [
      `${list(replaced)} would be replaced in one run, and etcd could lose its majority. Raise one generation, run ` +
        "`pulumi up`, then raise the next",
    ];
  const [one] = replaced;
  const others = [...added, ...removed];
  if (one === undefined || others.length === 0) return [];
  const what = added.length > 0 ? "added" : "removed";
  return [
    `${one} would be replaced while ${list(others)} ${others.length > 1 ? "are" : "is"} ${what}. Do one of them, run ` +
      "`pulumi up`, then the other",
  ];
}

/** A protection lies in the state and at Hetzner: it ends by a run of its own, in which all is still wanted that goes in the next. */
function guarded(old: Known, now: Fleet): readonly string[] {
  const kept = Object.keys(old.nodes).filter((name) => old.nodes[name]?.protect);
  const raised = kept.filter((name) => now.nodes[name] && now.nodes[name].generation !== old.nodes[name]?.generation);
  const others = Object.keys(old.others).filter((what) => old.others[what] && now.others[what] === undefined);
  const gone = [...kept.filter((name) => !now.nodes[name]), ...others];
  const are = (names: readonly string[]) => `${list(names)} ${names.length > 1 ? "are" : "is"}`;
  const again =
    `${are(raised)} protected against deletion. Set cluster.protect to false and run ` +
    "`pulumi up`, then raise the generation, and set it to true again when the new node is there";
  const away =
    `${are(gone)} protected against deletion and would go. Take the edit back, set cluster.protect to false and run ` +
    "`pulumi up`, then make the edit";
  return [...(raised.length > 0 ? [again] : []), ...(gone.length > 0 ? [away] : [])];
}

function onlyOne(old: MadeNodes, { restores }: Fleet, replaced: readonly string[]): readonly string[] {
  const [one] = replaced;
  if (one === undefined || servers(old).length > 1 || restores === one) return [];
  return [
    `${one} is the only server: with it goes everything that the cluster knows. Name the snapshot that the new one ` +
      "begins with in cluster.restore, or raise cluster.servers.count to 3 first",
  ];
}

/** An agent must not be newer than the servers (Kubernetes' version skew policy), and they get there one by one. */
function upgraded(old: Known, now: Fleet): readonly string[] {
  if (old.k3s === "" || old.k3s === now.k3s) return [];
  const problem = upgradeProblem(old.k3s, now.k3s);
  const made = Object.entries(now.nodes).filter(
    ([name, { role, generation }]) => role === "agent" && old.nodes[name]?.generation !== generation,
  );
  const agents = made.map(([name]) => name);
  return [
    ...(problem ? [problem] : []),
    ...(agents.length > 0
      ? [
          `${list(agents)} would be made with k3s ${now.k3s} before the servers have it. Bring the servers to it first, ` +
            "and make agents when `kubectl get nodes` shows it on each of them",
        ]
      : []),
  ];
}

function staying({ k3s }: Known, now: Fleet): readonly string[] {
  if (k3s === "" || k3s === now.k3s || now.upgrades) return [];
  return [
    `k3s goes from ${k3s} to ${now.k3s} for new nodes only: cluster.upgrades is not set. Set it, or raise the servers' ` +
      "generations one after the other, then the agents'",
  ];
}

type Living = readonly (readonly [name: string, made: Made])[];

/** A running machine changes its type only switched off, so it keeps it until it is made again; a single server has no other way. */
const keptTypes = (old: MadeNodes, now: Fleet, living: Living): readonly string[] =>
  living.flatMap(([name, made]) => {
    const { type } = made;
    const before = old[name]?.type ?? type;
    return keepsType(Object.values(now.nodes), made) && before !== type
      ? [`${name} stays a ${before}: ${type} is for new nodes. Raise ${where(name)} to replace it`]
      : [];
  });

/** One sentence for an image: it is the whole stage's. */
function keptImages(old: MadeNodes, living: Living): readonly string[] {
  const other = living.filter(([name, { image }]) => (old[name]?.image || image) !== image);
  return [...Map.groupBy(other, ([name]) => old[name]?.image)].map(([before, all]) => {
    const names = all.map(([name]) => name);
    const image = all[0]?.[1].image;
    return `${before} stays on ${list(names)}: ${image} is for new nodes. A node gets it with its next generation`;
  });
}

function notes(old: MadeNodes, now: Fleet): readonly string[] {
  const living = Object.entries(now.nodes).filter(([name, made]) => old[name]?.generation === made.generation);
  const told = living.filter(([name, { userData }]) => old[name]?.userData !== userData).map(([name]) => name);
  const changed = `what a node is told at its first boot has changed, for new nodes; nothing happens to ${list(told)}`;
  return [...keptTypes(old, now, living), ...keptImages(old, living), ...(told.length > 0 ? [changed] : [])];
}

/** Whether a machine changes its type only by being made again. */
export const keepsType = (all: readonly { readonly role: Role }[], node: { readonly role: Role }): boolean =>
  node.role === "agent" || all.filter(({ role }) => role === "server").length > 1;

/** What a run may do to machines that live, from what they were made as and what they are wanted as. */
export function replacements(known: Known, now: Fleet): Replacements {
  const old = known.nodes;
  const replaced = servers(now.nodes).filter(
    (name) => old[name]?.role === "server" && old[name].generation !== now.nodes[name]?.generation,
  );
  const isNew = Object.keys(old).length === 0;
  const nodes = Object.entries(now.nodes).map(([name, made]) => {
    const before = old[name];
    if (before?.generation !== made.generation) return [name, made];
    const type = keepsType(Object.values(now.nodes), made) ? before.type : made.type;
    return [name, { ...made, type, image: before.image || made.image }];
  });
  return {
    problems: isNew
      ? beginning(now)
      : [
          ...moved(old, now.nodes),
          ...lowered(old, now.nodes),
          ...together(old, now, replaced),
          ...onlyOne(old, now, replaced),
          ...guarded(known, now),
          ...upgraded(known, now),
          ...tokenProblems(known, now),
          ...outOfReach(old, now),
          ...stranded(old, now),
        ],
    notes: isNew ? [] : [...notes(old, now), ...staying(known, now), ...tokenNotes(known, now)],
    nodes: Object.fromEntries(nodes),
  };
}
