/** SHELL: what only Hetzner and Pulumi's state know of a cluster: its price by the list, and until when its kubeconfig is good. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { topology } from "../../stacks/cluster/topology.ts";
import type { Fleet, Stage } from "../../stacks/config/fleet.ts";
import { tokenProblem } from "../../stacks/config/token.ts";
import type { Answer, Expiry, Month } from "../../stacks/matrix/cluster-line.ts";
import { demandOf } from "../../stacks/preflight/demand.ts";
import { hetznerClient, officialEndpoint } from "../../stacks/preflight/hetzner.ts";
import { bill } from "../../stacks/preflight/price.ts";
import { type Reading, readHetzner } from "../../stacks/preflight/read.ts";

export interface Asking {
  readonly directory: string;
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  readonly now: () => Date;
  readonly offline: boolean;
}

async function priceList(fleet: Fleet, { environment }: Asking): Promise<Reading | string> {
  const [stage] = fleet.stages;
  const token = environment["HCLOUD_TOKEN"];
  if (!(token && stage)) return "set HCLOUD_TOKEN: Hetzner tells its prices to any token";
  const problem = tokenProblem(token);
  if (problem) return `HCLOUD_TOKEN cannot be a token of Hetzner's: ${problem}`;
  const client = hetznerClient({ endpoint: environment["HCLOUD_ENDPOINT"] ?? officialEndpoint, token });
  return readHetzner(client, { image: demandOf(stage, topology(fleet, stage)).image, kinds: [] });
}

function month(fleet: Fleet, stage: Stage, read: { readonly reading: Reading; readonly now: Date }): Answer<Month> {
  const { reading, now } = read;
  const found = bill({ demand: demandOf(stage, topology(fleet, stage)), snapshot: reading.snapshot, now });
  if (!found) return { problem: reading.unread.join("; ") };
  const { after, currency, lines } = found;
  const [unpriced] = lines.filter(({ each }) => !each);
  return unpriced ? { problem: `Hetzner's list has no price for ${unpriced.what} there` } : { ...after, currency };
}

/** One list for all stages: it is the same in every project of Hetzner's. */
export async function months(fleet: Fleet, asking: Asking): Promise<ReadonlyMap<string, Answer<Month>>> {
  const list = asking.offline ? "Hetzner was not asked" : await priceList(fleet, asking);
  const told = (stage: Stage): Answer<Month> =>
    typeof list === "string" ? { problem: list } : month(fleet, stage, { reading: list, now: asking.now() });
  return new Map(fleet.stages.map((stage) => [stage.name, told(stage)]));
}

const run = promisify(execFile);

/** What Pulumi wrote before it failed, in one line. */
function reason(error: unknown): string {
  const { code, stderr = "" } = error as { readonly code?: unknown; readonly stderr?: string };
  if (code === "ENOENT") return "there is no Pulumi CLI to ask for its stack's output";
  const [line = ""] = stderr.split("\n").filter((each) => each.trim() !== "");
  return `pulumi stack output: ${line.replace(/^error: /, "") || "it did not answer"}`;
}

async function expiry(stage: string, { directory, environment }: Asking): Promise<Expiry> {
  const args = ["stack", "output", "kubeconfigExpires", "--stack", stage, "--non-interactive"];
  try {
    const options = { cwd: directory, env: environment, timeout: 30_000, maxBuffer: 1_000_000 };
    const at = (await run("pulumi", args, options)).stdout.trim();
    return Number.isNaN(Date.parse(at)) ? { problem: `its stack's output is no time: ${at}` } : { at };
  } catch (error) {
    return { problem: reason(error) };
  }
}

/** The administrator's certificate, by which `pulumi up` and people reach a cluster, is the first that ends. */
export async function expiries(fleet: Fleet, asking: Asking): Promise<ReadonlyMap<string, Expiry>> {
  const asked = fleet.stages.map(async ({ name }) => {
    const found: Expiry = asking.offline ? { problem: "Pulumi was not asked" } : await expiry(name, asking);
    return [name, found] as const;
  });
  return new Map(await Promise.all(asked));
}
