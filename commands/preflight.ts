/** `npm run preflight -- --stage prod`: what Hetzner has for a stage and asks for it, with neither Pulumi nor state. */
import { topology } from "../stacks/cluster/topology.ts";
import { ConfigError } from "../stacks/config/error.ts";
import { readPins, readSources } from "../stacks/config/files.ts";
import { resolve } from "../stacks/config/resolve.ts";
import { tokenProblem } from "../stacks/config/token.ts";
import { demandOf } from "../stacks/preflight/demand.ts";
import { hetznerClient, officialEndpoint } from "../stacks/preflight/hetzner.ts";
import { labelsAsState, type Plan, refusalTitle, type Verdict, verdict } from "../stacks/preflight/preflight.ts";
import { kindsOf, type Reading, readHetzner } from "../stacks/preflight/read.ts";
import { priceTable } from "../stacks/preflight/report.ts";
import { type Outcome, refusal, type Surroundings, surroundings, tell } from "./outcome.ts";
import { parsed, required, stageNamed } from "./usage.ts";
import { wrapped } from "./wrap.ts";

const help = `Usage: HCLOUD_TOKEN=… npm run preflight -- --stage <stage> [--json]

Asks Hetzner whether it has what a stage is configured with, and shows what a
month of it costs. It only reads, and needs neither Pulumi nor a state; a
read-only token will do:

  HCLOUD_TOKEN=$(pulumi config get hcloud:token --stack prod) \\
    npm run preflight -- --stage prod

  --stage <stage>  a stage of Pulumi.yaml
  --json           for programs
  -h, --help       this text

Ends with 0 when everything can be had, 1 when something cannot, 2 when Hetzner
could not be asked for all of it, and for wrong options.`;

function options(args: readonly string[]) {
  const known = { stage: { type: "string" }, json: { type: "boolean" }, help: { type: "boolean" } } as const;
  return parsed({ args: [...args], options: known }).values;
}

function planOf(name: string, directory: string): Plan {
  const sources = readSources(directory);
  const fleet = resolve(sources);
  const stage = stageNamed(fleet, name);
  return { stage, topology: topology(fleet, stage), pins: readPins(directory), sources };
}

const nothingRead = (why: string): Reading => ({
  snapshot: { existing: {} },
  ...{ unread: [why], refused: undefined, clock: undefined },
});

async function reading({ stage, topology: plan }: Plan, environment: Surroundings["environment"]): Promise<Reading> {
  const token = environment["HCLOUD_TOKEN"];
  if (!token) return nothingRead("anything that Hetzner has to be asked for: set HCLOUD_TOKEN");
  const problem = tokenProblem(token);
  if (problem) throw new ConfigError(`HCLOUD_TOKEN cannot be a token of Hetzner's: ${problem}.`);
  const endpoint = environment["HCLOUD_ENDPOINT"] ?? officialEndpoint;
  const demand = demandOf(stage, plan);
  return readHetzner(hetznerClient({ endpoint, token }), { image: demand.image, kinds: kindsOf(demand) });
}

function part(title: string, lines: readonly string[]): readonly string[] {
  return lines.length > 0 ? [[title, ...lines.flatMap((line) => wrapped(line))].join("\n")] : [];
}

function text(stage: string, { refusals, warnings, unchecked, bill }: Verdict): string {
  const parts = [
    ...part(refusalTitle(refusals), refusals),
    ...part("worth knowing:", warnings),
    ...part("not checked:", unchecked),
    ...(bill ? [priceTable(stage, bill)] : []),
  ];
  return parts.join("\n\n");
}

function codeOf({ refusals }: Verdict, { unread }: Reading): Outcome["code"] {
  if (refusals.length > 0) return 1;
  return unread.length > 0 ? 2 : 0;
}

async function preflight(args: readonly string[], { directory, environment }: Surroundings): Promise<Outcome> {
  const { stage: given, json, help: isHelp } = options(args);
  if (isHelp) return { code: 0, text: help };
  const stage = required(given, "--stage");
  const plan = planOf(stage, directory);
  const read = await reading(plan, environment);
  const found = verdict(plan, { reading: read, now: new Date(), state: labelsAsState(plan, read) });
  const { bill: price, ...said } = found;
  const answer = { stage, ...said, price: price ?? null };
  return { code: codeOf(found, read), text: json ? JSON.stringify(answer, null, 2) : text(stage, found) };
}

/** Runs the command; nothing is written anywhere. */
export async function preflightCommand(args: readonly string[], around: Surroundings): Promise<Outcome> {
  try {
    return await preflight(args, around);
  } catch (error) {
    return refusal(error, help, 2);
  }
}

if (import.meta.main) {
  tell(await preflightCommand(process.argv.slice(2), surroundings()));
}
