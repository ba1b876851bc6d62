/** `npm run preview -- --stage prod`: what an `up` would do, in words. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { ConfigError } from "../stacks/config/error.ts";
import { chosenTags, imagesOf, policyEdits } from "../stacks/preview/chosen.ts";
import { type Effect, effect } from "../stacks/preview/effect.ts";
import { type Preview, readPreview } from "../stacks/preview/events.ts";
import { knownTags } from "./matrix/sources.ts";
import { type Outcome, refusal, tell } from "./outcome.ts";
import { effectMarkdown } from "./preview/markdown.ts";
import { effectText } from "./preview/text.ts";
import { parsed, required, UsageError } from "./usage.ts";

const help = `Usage: npm run preview -- --stage <stage> [--events <file>]
                          [--markdown | --json] [--exit-code]

What \`pulumi up\` of the stage would do: resources and why, images before and
after, who moves which tag, what Flux removes from the cluster, and the change
of every file. Danger is marked.

  --stage <stage>   a stack
  --events <file>   what \`pulumi preview --json\` printed, in place of running
                    it; - reads stdin
  --markdown        for a pull request's comment, cut where GitHub would refuse
                    it
  --limit <number>  characters at which it is cut, in place of 60000
  --tags <file>     in place of the registries, which are asked where a policy
                    changes: {"ghcr.io/acme/blog": ["v1.9.31", …]}
  --offline         ask no registry
  --json            for programs
  --exit-code       end with 3 when there is something to change
  -h, --help        this text

Ends with 0, 1 when the preview failed, 2 for wrong options.`;

const known = {
  stage: { type: "string" },
  events: { type: "string" },
  markdown: { type: "boolean" },
  limit: { type: "string" },
  tags: { type: "string" },
  offline: { type: "boolean" },
  json: { type: "boolean" },
  "exit-code": { type: "boolean" },
  help: { type: "boolean" },
} as const;

/** @throws UsageError */
function options(args: readonly string[]) {
  const { values } = parsed({ args: [...args], options: known });
  const { limit = "60000", markdown, json } = values;
  if (!/^[1-9][0-9]{0,8}$/.test(limit)) throw new UsageError(`--limit ${limit} is no number of characters.`);
  if (markdown && json) throw new UsageError("--markdown and --json exclude each other.");
  return { ...values, limit: Number(limit) };
}

function fromPulumi(stage: string, directory: string): string {
  const args = ["preview", "--stack", stage, "--json", "--non-interactive"];
  const { error, stdout, stderr } = spawnSync("pulumi", args, { cwd: directory, encoding: "utf8", maxBuffer: 1e9 });
  if (error) throw new ConfigError(`pulumi cannot be run (${error.message}): pulumi.com has it, or give --events.`);
  if (!stdout.includes("{")) throw new ConfigError(stderr.trim() || `pulumi ${args.join(" ")} said nothing.`);
  return stdout;
}

function read(stage: string, events: string | undefined, directory: string): string {
  if (events === undefined) return fromPulumi(stage, directory);
  try {
    return readFileSync(events === "-" ? 0 : events, "utf8");
  } catch {
    throw new ConfigError(`${events} cannot be read: name a file with what \`pulumi preview --json\` printed.`);
  }
}

type Given = ReturnType<typeof options>;

/** Registries are asked only for images of policies that change. */
async function chosen(found: Preview, given: Given, environment: Readonly<NodeJS.ProcessEnv>) {
  const edits = policyEdits(found);
  const images = imagesOf(edits);
  return chosenTags(edits, images.length > 0 ? await knownTags(images, given, environment) : new Map());
}

async function effectOf(stage: string, text: string, given: Given): Promise<Effect> {
  try {
    const found = readPreview(text);
    return effect(stage, found, await chosen(found, given, process.env));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`no preview of ${stage}: ${error instanceof Error ? error.message : error}`);
  }
}

function toldText(found: Effect, { json, markdown, limit }: Given): string {
  if (json) return JSON.stringify(found, null, 2);
  return markdown ? effectMarkdown(found, limit) : effectText(found);
}

async function answered(args: readonly string[], directory: string): Promise<Outcome> {
  const given = options(args);
  if (given.help) return { code: 0, text: help };
  const stage = required(given.stage, "--stage");
  const found = await effectOf(stage, read(stage, given.events, directory), given);
  const code = found.errors.length > 0 ? 1 : given["exit-code"] && found.isChange ? 3 : 0;
  return { code, text: toldText(found, given) };
}

/** Runs the command on the project in a folder. */
export async function previewCommand(args: readonly string[], directory: string): Promise<Outcome> {
  try {
    return await answered(args, directory);
  } catch (error) {
    // A pull request's comment says why there is no preview; how the command is used it does not.
    const { code, ...refused } = refusal(error, help);
    return code === 2 ? { code, ...refused } : { code, text: refused.text };
  }
}

if (import.meta.main) {
  tell(await previewCommand(process.argv.slice(2), process.cwd()));
}
