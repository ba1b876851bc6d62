/** What Hetzner's load balancers say of the machines behind them: each that gets nothing from one, why, and the way out. */
import type { Demand, LoadBalancerDemand } from "./demand.ts";
import { type Findings, few, type Question, together, warn } from "./findings.ts";
import type { Existing, Snapshot } from "./snapshot.ts";

/** Why a machine gets nothing: `unhealthy` and `unknown` are Hetzner's words. */
const waysOut: { readonly [why: string]: string } = {
  unhealthy:
    "unhealthy: nothing there answers as it should; the server's console in the Hetzner console shows what its bootstrap waits for",
  unknown:
    "unknown: Hetzner has not asked it yet; for minutes it means that the server is not in the network, and " +
    "`pulumi up --refresh` puts it there",
  "switched off": "switched off: switch it on in the Hetzner console",
  "no target": "no target: `pulumi up --refresh` makes it one",
};

interface Ailing {
  readonly server: string;
  /** `port 6443 unhealthy`, `switched off`. */
  readonly seen: readonly string[];
}

type Seen = Snapshot["existing"];

function seenOf(balancer: Existing, server: Existing): readonly string[] {
  const target = balancer.targets.find((each) => each.server?.id === server.id);
  if (!target) return ["no target"];
  const ports = Map.groupBy(
    target.health_status.filter(({ status }) => status !== "healthy"),
    ({ status }) => status,
  );
  const off = ports.size > 0 && server.status === "off" ? ["switched off"] : [];
  const named = [...ports].map(
    ([status, all]) => `port ${all.map(({ listen_port }) => listen_port).join(" and ")} ${status}`,
  );
  return [...named, ...off];
}

/** Of machines that are there; `undefined` where the balancer or the machines were not read. */
function ailing(
  { name, targets }: LoadBalancerDemand,
  { load_balancers, servers }: Seen,
): readonly Ailing[] | undefined {
  const balancer = load_balancers?.find((each) => each.name === name);
  if (!(balancer && servers)) return undefined;
  const there = targets.flatMap((target) => servers.find((each) => each.name === target) ?? []);
  const found = there.map((server) => ({ server: server.name, seen: seenOf(balancer, server) }));
  return found.filter(({ seen }) => seen.length > 0);
}

/** Whether nothing is wrong, which takes no machine's name to say. */
export function isSound({ loadBalancers }: Pick<Demand, "loadBalancers">, there: readonly Existing[]): boolean {
  return loadBalancers.every(({ name, targets }) => {
    const found = there.find((each) => each.name === name);
    const health = (found?.targets ?? []).flatMap(({ health_status }) => health_status);
    return (found?.targets ?? targets).length >= targets.length && health.every(({ status }) => status === "healthy");
  });
}

const remedies = (all: readonly Ailing[]): string => {
  const seen = all.flatMap((each) => each.seen).join();
  const known = Object.entries(waysOut).filter(([why]) => seen.includes(why));
  return `${known.map(([, out]) => out).join(". ")}.`;
};

const line = ({ server, seen }: Ailing): string => `${server}: ${seen.join(", ")}`;

/** In a preview; a machine that is no target there is one that the run is about to make one. */
export function targetFindings({ demand, snapshot }: Question): Findings {
  const found = demand.loadBalancers.flatMap((each) => {
    const sick = (ailing(each, snapshot.existing) ?? []).filter(({ seen }) => !seen.includes("no target"));
    return sick.length > 0
      ? [warn(["cluster", "loadBalancer"], `${each.name} sends nothing to ${few(sick.map(line))}`)]
      : [];
  });
  return together(found);
}

/** After an `up` that waited for the API, in vain or not; nothing where all is well, or Hetzner does not say. */
export function targetTrouble({ loadBalancers }: Pick<Demand, "loadBalancers">, existing: Seen): string | undefined {
  const all = loadBalancers.map(({ name, ...rest }) => ({ name, sick: ailing({ name, ...rest }, existing) ?? [] }));
  const sick = all.filter((each) => each.sick.length > 0);
  if (sick.length === 0) return undefined;
  const lines = sick.flatMap((each) => [
    `Hetzner's load balancer ${each.name} sends nothing to:`,
    ...each.sick.map((one) => `  ${line(one)}`),
  ]);
  return [...lines, remedies(sick.flatMap((each) => each.sick))].join("\n");
}
