/** SHELL: `npm run destroy -- --stage dev`: refresh, destroy, and a look at what is left, which deletes nothing. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { ConfigError } from "../stacks/config/error.ts";
import { readFleet } from "../stacks/config/files.ts";
import { HetznerError, hetznerClient, officialEndpoint } from "../stacks/preflight/hetzner.ts";
import { type Remaining, remainingKinds, remains, remainsText } from "../stacks/preflight/remains.ts";
import { pricing } from "../stacks/preflight/snapshot.ts";
import { refusal, tell } from "./outcome.ts";
import { parsed, required, stageNamed } from "./usage.ts";

const help = `Usage: npm run destroy -- --stage <stage> [--yes]

Takes a stage down: \`pulumi refresh\`, because the provider fails at things that
are gone already; \`pulumi destroy\`; then it lists by label and name what Hetzner
still has of the stage, and what that costs. The list deletes nothing. What did
not go at once, where Hetzner was still at work, is tried once more.

  --stage <stage>  a stage of Pulumi.yaml
  --yes            ask nothing
  -h, --help       this text

The stage's guard goes first and refuses while the cluster owns load balancers
or volumes; K3S_STAGES_DESTROY=<stage> leaves them behind.
Ends with 0 when nothing is left, 1 when something is or a step failed, 2 for
wrong options, 3 when Hetzner did not say what is left.`;

/** What a test puts in the place of the world. */
export interface World {
  readonly directory: string;
  readonly env: { readonly [name: string]: string | undefined };
  readonly print: (line: string) => void;
  /** Runs Pulumi; with `collect` its standard output is the answer, else the terminal is its own. */
  readonly pulumi: (
    args: readonly string[],
    collect?: boolean,
  ) => Promise<{ readonly code: number; readonly stdout: string }>;
  /** Whether somebody asked to stop. */
  readonly interrupted: () => boolean;
}

function options(args: readonly string[]) {
  const known = { stage: { type: "string" }, yes: { type: "boolean" }, help: { type: "boolean" } } as const;
  return parsed({ args: [...args], options: known }).values;
}

function clusterOf(stage: string, directory: string): string {
  const { fleet } = readFleet(directory);
  return `${fleet.project}-${stageNamed(fleet, stage).name}`;
}

/** Asked before the destroy, whose `stack rm` may follow. */
async function tokenOf(stage: string, { env, pulumi }: World): Promise<string> {
  if (env["HCLOUD_TOKEN"]) return env["HCLOUD_TOKEN"];
  const { code, stdout } = await pulumi(["config", "get", "hcloud:token", "--stack", stage], true);
  return code === 0 ? stdout.trim() : "";
}

/** Its absence costs the report some prices, and nothing else. */
async function prices(client: ReturnType<typeof hetznerClient>) {
  const answer = await client.get("/pricing").catch(() => ({}));
  return pricing.safeParse((answer as { readonly pricing?: unknown }).pricing).data;
}

async function look(stage: string, cluster: string, account: { readonly token: string; readonly endpoint: string }) {
  const client = hetznerClient(account);
  const list = await prices(client);
  const lists = Object.keys(remainingKinds).map(async (member) => {
    const items = (await client.list(`/${member}`, member)) as readonly Remaining[];
    return remains(cluster, { member, items, pricing: list });
  });
  const left = (await Promise.all(lists)).flat();
  return { text: remainsText(stage, left), code: left.length > 0 ? 1 : 0 };
}

/** The guard goes before everything else: what failed after it may have failed because Hetzner was still at work. */
async function isBegun(name: string, { pulumi }: World): Promise<boolean> {
  const { code, stdout } = await pulumi(["stack", "export", "--stack", name], true);
  return code === 0 && !stdout.includes("gitops:index:Guard");
}

/** Its exit status. Where the first try got somewhere there is a second one, and no third. */
async function destroyed(name: string, answer: readonly string[], world: World): Promise<number> {
  const destroy = async () => (await world.pulumi(["destroy", "--stack", name, ...answer])).code;
  const code = await destroy();
  if (code === 0 || world.interrupted() || !(await isBegun(name, world))) return code;
  world.print("Not all of it went, perhaps because Hetzner was still at work on it: once more.");
  await world.pulumi(["refresh", "--stack", name, ...answer]);
  return destroy();
}

/** Resolves to the exit status. @throws ConfigError for what the user can mend before anything is begun */
export async function destroyCommand(args: readonly string[], world: World): Promise<number> {
  const { stage, yes, help: isHelp } = options(args);
  if (isHelp) {
    world.print(help);
    return 0;
  }
  const name = required(stage, "--stage");
  const cluster = clusterOf(name, world.directory);
  const token = await tokenOf(name, world);
  const endpoint = world.env["HCLOUD_ENDPOINT"] ?? officialEndpoint;
  const answer = yes ? ["--yes"] : [];
  const refreshed = await world.pulumi(["refresh", "--stack", name, ...answer]);
  if (refreshed.code !== 0) return 1;
  const status = await destroyed(name, answer, world);
  try {
    const { text, code } = await look(name, cluster, { token, endpoint });
    world.print(text);
    return status === 0 ? code : 1;
  } catch (error) {
    if (!(error instanceof HetznerError)) throw error;
    world.print(`Nobody knows what is left of ${name}: ${error.message}. Look into the Hetzner console.`);
    return status === 0 ? 3 : 1;
  }
}

function runPulumi(cwd: string): World["pulumi"] {
  return (args, collect = false) =>
    new Promise((resolve, reject) => {
      const stdio = ["inherit", collect ? "pipe" : "inherit", "inherit"] as const;
      const child = spawn("pulumi", args, { cwd, stdio: [...stdio] });
      let stdout = "";
      child.stdout?.on("data", (chunk: Buffer) => {
        stdout += chunk.toString("utf8");
      });
      child.on("error", () =>
        reject(new ConfigError("There is no pulumi on the PATH; pulumi.com says how to install it.")),
      );
      child.on("close", (code) => resolve({ code: code ?? 1, stdout }));
    });
}

if (import.meta.main) {
  const directory = join(import.meta.dirname, "..");
  // Pulumi, in the same terminal, answers Ctrl-C by itself; this waits for it.
  let isInterrupted = false;
  process.on("SIGINT", () => {
    isInterrupted = true;
  });
  try {
    const print = (line: string) => console.log(line);
    const interrupted = () => isInterrupted;
    const world = { directory, env: process.env, print, pulumi: runPulumi(directory), interrupted };
    process.exitCode = await destroyCommand(process.argv.slice(2), world);
  } catch (error) {
    tell(refusal(error, help));
  }
}
