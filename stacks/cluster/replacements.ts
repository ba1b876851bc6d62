import { upgradeProblem } from "./k3s-version.ts";
import { type Fleet, type Known, type MadeNodes, servers } from "./made.ts";
import { outOfReach } from "./out-of-reach.ts";
import { stranded } from "./stranded.ts";
import type { Role } from "./topology.ts";

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

function guarded(old: MadeNodes, now: MadeNodes): readonly string[] {
  const names = Object.keys(now).filter((name) => old[name]?.protect && old[name].generation !== now[name]?.generation);
  if (names.length === 0) return [];
  return [
    `${list(names)} ${names.length > 1 ? "are" : "is"} protected against deletion. Set cluster.protect to false and run ` +
      "`pulumi up`, then raise the generation, and set it to true again when the new node is there",
  ];
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

/** A running machine changes its type only switched off, so it keeps it until it is made again; a single server has no other way. */
function notes(old: MadeNodes, now: Fleet): readonly string[] {
  const living = Object.entries(now.nodes).filter(([name, made]) => old[name]?.generation === made.generation);
  const types = living.flatMap(([name, made]) => {
    const { type } = made;
    const before = old[name]?.type ?? type;
    return keepsType(Object.values(now.nodes), made) && before !== type
      ? [`${name} stays a ${before}: ${type} is for new nodes. Raise ${where(name)} to replace it`]
      : [];
  });
  const told = living.filter(([name, { userData }]) => old[name]?.userData !== userData).map(([name]) => name);
  const changed = `what a node is told at its first boot has changed; ${list(told)} ran theirs and stay as they are`;
  return told.length > 0 ? [...types, changed] : types;
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
    const lives = before?.generation === made.generation && keepsType(Object.values(now.nodes), made);
    return [name, lives ? { ...made, type: before.type } : made];
  });
  return {
    problems: isNew
      ? beginning(now)
      : [
          ...moved(old, now.nodes),
          ...lowered(old, now.nodes),
          ...together(old, now, replaced),
          ...onlyOne(old, now, replaced),
          ...guarded(old, now.nodes),
          ...upgraded(known, now),
          ...outOfReach(old, now),
          ...stranded(old, now),
        ],
    notes: isNew ? [] : [...notes(old, now), ...staying(known, now)],
    nodes: Object.fromEntries(nodes),
  };
}
