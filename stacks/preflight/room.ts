import { isOurs } from "./demand.ts";
import { type Findings, type Question, refuse, together } from "./findings.ts";

/** docs.hetzner.com/cloud/placement-groups: "up to 50 placement groups per project". */
const groupsOfProject = 50;

/** The configuration counts a stage's own groups; the project may have others. */
function inProject({ demand: { groups }, snapshot }: Question): readonly Findings[] {
  const others = (snapshot.existing.placement_groups ?? []).filter(({ name }) => !groups.has(name));
  if (groups.size + others.length <= groupsOfProject) return [];
  const sum = `${groups.size} placement groups here and ${others.length} others in the project`;
  return [refuse(["cluster", "pools"], `${sum}; a project has at most ${groupsOfProject}: join some pools`)];
}

function behindBalancers({ demand, snapshot }: Question): readonly Findings[] {
  return demand.loadBalancers.flatMap(({ name, type: wanted, targets, ports }) => {
    const type = snapshot.loadBalancerTypes?.find((each) => each.name === wanted);
    const larger = "choose a larger type";
    const path = ["cluster", "loadBalancer"];
    return [
      ...(type?.max_targets !== undefined && targets.length > type.max_targets
        ? [refuse(path, `${name} has ${targets.length} targets; a ${wanted} takes ${type.max_targets}: ${larger}`)]
        : []),
      ...(type?.max_services !== undefined && ports.length > type.max_services
        ? [refuse(path, `${name} has ${ports.length} services; a ${wanted} takes ${type.max_services}: ${larger}`)]
        : []),
    ];
  });
}

/** What fits into limits that depend on what else is there, or on what the type takes (the others: config/crosscheck/topology.ts). */
export const roomFindings = (question: Question): Findings =>
  together([...inProject(question), ...behindBalancers(question)]);

/** People know them by these words in the console, under Limits. */
const counted = [
  { kind: "servers", word: "servers" },
  { kind: "primary_ips", word: "primary IPs" },
  { kind: "load_balancers", word: "load balancers" },
  { kind: "networks", word: "networks" },
  { kind: "firewalls", word: "firewalls" },
] as const;

/**
 * The project's own limits: Hetzner tells them to nobody, so this says what the stage needs beside what is there, and a person
 * compares. Nothing when nothing is to be made, or what is there was not read.
 */
export function quotaNote({ demand, snapshot }: Question): string | undefined {
  const rows = counted.map(({ kind, word }) => {
    const there = snapshot.existing[kind];
    const wanted = demand.names.filter((each) => each.kind === kind);
    const ours = (there ?? []).filter((each) => isOurs(each, demand)).map(({ name }) => name);
    return { word, more: wanted.filter(({ name }) => !ours.includes(name)).length, there: there?.length };
  });
  const needed = rows.filter(({ more }) => more > 0);
  if (needed.length === 0 || !snapshot.existing.servers) return undefined;
  const parts = needed.map(({ word, more, there }) => `${word} ${more} more${there ? ` beside ${there}` : ""}`);
  return `the project's limits, which only Hetzner's console shows (Limits). Needed: ${parts.join(", ")}`;
}
