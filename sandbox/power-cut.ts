/** Ends a run as a power cut does, at one of its requests to Hetzner, and goes on as docs/day-2.md tells people to. */
import type { Moment } from "./hetzner/faults.ts";
import type { Sandbox } from "./open.ts";
import { type Run, said } from "./process/execute.ts";
import { liftProtection } from "./protection.ts";

export interface PowerCut {
  /** The n-th request that is no GET, counted from 1. */
  readonly write: number;
  readonly moment: Moment;
  /** Done while that request hangs. */
  readonly meanwhile?: () => Promise<void>;
}

export interface Stage {
  readonly sandbox: Sandbox;
  readonly stage: string;
}

const pulumi = ({ sandbox, stage }: Stage, ...args: readonly string[]): Promise<Run> =>
  sandbox.pulumi([...args, "--stack", stage]);

export const up = (at: Stage): Promise<Run> => pulumi(at, "up", "--yes", "--skip-preview");

/** Starts Pulumi and cuts it off. The operation at which that was; `undefined` when the run ended before. */
export async function cutOff(
  { sandbox, stage }: Stage,
  { write, moment, meanwhile }: PowerCut,
  command: "up" | "destroy" = "up",
) {
  const { services } = sandbox;
  const cut = new AbortController();
  let at: string | undefined;
  const hold = async (operation: string) => {
    at = operation;
    await meanwhile?.();
    cut.abort();
    // The plugin that waits for this answer is gone before it could hear that there will be none.
    await services.restartHcloud();
  };
  services.hetzner.faults.cutAt(write, { moment, hold });
  await sandbox.pulumi([command, "--yes", "--skip-preview", "--stack", stage], { kill: cut.signal });
  return at;
}

/** Of the sentence about a name that is this stage's and not in the state. */
const imports = (run: Run): readonly (readonly string[])[] =>
  [...new Set([...said(run).matchAll(/`pulumi (import [^`]+)`/g)].map(([, command = ""]) => command))].map((command) =>
    command.split(" ").map((word) => word.replaceAll("'", "")),
  );

export interface Recovery {
  /** What it took, in the words of people who type it. */
  readonly steps: readonly string[];
  /** The last one. */
  readonly last: Run;
}

/** Of a run's sentences about what is there and not in the state: takes it over. How much that was. */
async function takeOver(at: Stage, run: Run): Promise<number> {
  const found = imports(run);
  for (const args of found) await at.sandbox.pulumi([...args, "--yes"]);
  return found.length;
}

/** What docs/day-2.md says about a run that ended with an error. */
export async function goOn(at: Stage): Promise<Run> {
  const again = () => pulumi(at, "up", "--yes", "--skip-preview", "--refresh");
  const run = await again();
  return run.code !== 0 && (await takeOver(at, run)) > 0 ? again() : run;
}

/** What docs/day-2.md says about a run that was cut off. A step that fails shows in the last one. */
export async function recover(at: Stage): Promise<Recovery> {
  const steps: string[] = [];
  const step = (words: string, ...quiet: readonly string[]): Promise<Run> => {
    steps.push(words);
    return pulumi(at, ...words.split(" "), ...quiet);
  };
  const taken = (run: Run): Promise<number> => {
    steps.push(...imports(run).map((args) => args.slice(0, 2).join(" ")));
    return takeOver(at, run);
  };
  await step("cancel", "--yes");
  await step("refresh --clear-pending-creates", "--yes", "--skip-preview");
  await taken(await step("preview"));
  const first = await step("up", "--yes", "--skip-preview");
  // A subnet, a route or a service has no name: only the attempt to make it shows that it is there.
  const more = first.code === 0 ? 0 : await taken(first);
  return { steps, last: more > 0 ? await step("up", "--yes", "--skip-preview") : first };
}

/** What has a name of its own in the stage's project; Hetzner makes and names a server's IPv6 address with it. */
function named({ services: { hetzner } }: Sandbox) {
  const { servers, networks, firewalls, loadBalancers, placementGroups, primaryIps } = hetzner.state;
  const kinds = { server: servers(), network: networks(), firewall: firewalls(), balancer: loadBalancers() };
  const kept = primaryIps().filter(({ auto_delete }) => !auto_delete);
  const all = { ...kinds, group: placementGroups(), address: kept };
  return Object.entries(all).flatMap(([kind, items]) => items.map(({ name, labels }) => ({ kind, name, labels })));
}

/** Everything at Hetzner, in a form that is the same for every good `up` of a stage. */
export function inventory(sandbox: Sandbox): readonly string[] {
  const { servers, networks, loadBalancers } = sandbox.services.hetzner.state;
  const attached = servers().map(({ name, private_net }) => `${name} at ${private_net.map(({ ip }) => ip).join(" ")}`);
  const parts = networks().flatMap(({ name, subnets, routes }) => [
    ...subnets.map(({ ip_range }) => `${name} has ${ip_range}`),
    ...routes.map(({ destination }) => `${name} leads to ${destination}`),
  ]);
  const fronts = loadBalancers().map(
    ({ name, services, targets, private_net }) =>
      `${name}: ${services.length} services, ${targets.length} targets, ${private_net.length} networks`,
  );
  return [...named(sandbox).map(({ kind, name }) => `${kind} ${name}`), ...attached, ...parts, ...fronts].toSorted();
}

async function pending(at: Stage): Promise<readonly string[]> {
  const run = await pulumi(at, "stack", "export");
  if (run.code !== 0) return [`the stack cannot be exported (${run.code}): ${said(run)}`];
  const { deployment } = JSON.parse(run.stdout) as {
    readonly deployment: { readonly pending_operations?: readonly { readonly resource: { readonly urn: string } }[] };
  };
  return (deployment.pending_operations ?? []).map(({ resource }) => `still pending: ${resource.urn}`);
}

/** What is not as after an `up` that nobody disturbed; `expected` is its inventory. */
export async function problems(at: Stage, expected: readonly string[]): Promise<readonly string[]> {
  const { sandbox } = at;
  const there = inventory(sandbox);
  const { journal } = sandbox.services.hetzner;
  journal.clear();
  const preview = await pulumi(at, "preview", "--expect-no-changes");
  return [
    ...there.filter((each) => !expected.includes(each)).map((each) => `too much: ${each}`),
    ...expected.filter((each) => !there.includes(each)).map((each) => `missing: ${each}`),
    ...there.filter((each, index) => there.indexOf(each) !== index).map((each) => `twice: ${each}`),
    ...named(sandbox).flatMap(({ name, labels }) => (labels["stage"] ? [] : [`unlabelled: ${name}`])),
    ...(preview.code === 0 ? [] : [`not settled: ${said(preview).slice(-2000)}`]),
    ...journal.writes().map((write) => `a preview wrote: ${write}`),
    ...(await pending(at)),
  ];
}

/** Takes the stage away again, protected or not. Says what is left. */
export async function cleared(at: Stage): Promise<readonly string[]> {
  await liftProtection(at.sandbox, at.stage);
  const run = await pulumi(at, "destroy", "--yes", "--skip-preview", "--refresh");
  const left = inventory(at.sandbox).map((each) => `left after destroy: ${each}`);
  return run.code === 0 ? left : [`destroy failed: ${said(run).slice(-2000)}`, ...left];
}
