/** `npm run new-stage`: a stage's line in Pulumi.yaml and a file of its own. */
import { appFile } from "../stacks/config/app-files.ts";
import { readTexts, type Texts } from "../stacks/config/files.ts";
import type { Fleet, Stage } from "../stacks/config/fleet.ts";
import { resolve } from "../stacks/config/resolve.ts";
import { sourcesOf } from "../stacks/config/sources.ts";
import { versionOf } from "../stacks/config/tags/version.ts";
import { writeTexts } from "./new/files.ts";
import { insertAfter, insertLast } from "./new/insert.ts";
import { type Command, type Given, needed, pairsOf, run, textOf } from "./new/run.ts";
import { tell } from "./outcome.ts";
import { UsageError } from "./usage.ts";

const help = `Usage: npm run new-stage -- --name <stage> [--after <stage>] …

Adds a stage to Pulumi.yaml and writes its Pulumi.<stage>.yaml: one small
server, every app once. Nothing is written unless the whole configuration is
valid then. Asks for what is missing.

  --name <stage>        also its folder, clusters/<stage>
  --after <stage>       the stage from which new versions come; the first one,
                        if not given
  --stable              its tags are v1.2.3, as prod's usually are
  --prerelease <id>     its tags are v1.2.3-<id>.4; the stage's name, if not
                        given
  --tag <app>=<tag>     an app's first tag; the version of the stage before it,
                        if not given
  --location <name>     nbg1, if not given
  --type <server type>  cpx22, if not given
  --network <range>     the next free 10.x.0.0/16, if not given
  -h, --help            this text

Ends with 0 when written, 1 when the configuration would not be valid, 2 for
wrong options.`;

/** Ten apart, as the first stages are, so that there is room between them. */
function freeNetwork({ stages }: Fleet): string {
  const taken = stages.map(({ cluster }) => Number(cluster.network.split(".")[1]));
  return `10.${Math.min(250, Math.max(0, ...taken) + 10)}.0.0/16`;
}

function firstTag(tag: string, id: string | undefined): string {
  const version = versionOf(tag);
  return version ? `v${version.major}.${version.minor}.${version.patch}${id ? `-${id}.1` : ""}` : tag;
}

/** Of its prereleases; none where it takes releases. */
function idOf(given: Given): string | undefined {
  const id = textOf(given, "prerelease");
  if (given["stable"] && id) throw new UsageError("--stable and --prerelease exclude each other.");
  return given["stable"] ? undefined : (id ?? needed(given, "name"));
}

/** The stage that the new one comes after: what it has is where the new one begins. */
function stageBefore(given: Given, { stages }: Fleet): Stage {
  const after = textOf(given, "after");
  const before = stages.find(({ name }) => name === (after ?? stages[0]?.name));
  if (!before) throw new UsageError(`--after ${after}: there is no such stage.`);
  return before;
}

/** A new stage, and what it takes over. */
interface New {
  readonly name: string;
  /** Of its prereleases; none where it takes releases. */
  readonly id: string | undefined;
  readonly before: Stage;
  /** First tags of the apps that run everywhere, by name. */
  readonly tags: readonly (readonly [app: string, tag: string])[];
}

function newOne(given: Given, fleet: Fleet): New {
  const name = needed(given, "name");
  const id = idOf(given);
  const before = stageBefore(given, fleet);
  const tags = pairsOf(given, "tag");
  const everywhere = before.apps.filter(({ stages }) => stages.length === fleet.stages.length);
  return { name, id, before, tags: everywhere.map((app) => [app.name, tags[app.name] ?? firstTag(app.tag, id)]) };
}

function stageFile(given: Given, { before, tags }: New, fleet: Fleet): string {
  const network = textOf(given, "network") ?? freeNetwork(fleet);
  const subnet = network.replace(/\/.*$/, "/24");
  const apps = tags.flatMap(([name, tag]) => [`    ${name}:`, `      tag: ${tag}`]);
  return [
    "# yaml-language-server: $schema=./schema/stack.json",
    "config:",
    `  ${fleet.project}:cluster:`,
    `    location: ${textOf(given, "location") ?? "nbg1"}`,
    `    network: ${network}`,
    `    servers: { count: 1, type: ${textOf(given, "type") ?? "cpx22"}, subnet: ${subnet} }`,
    "    api:",
    `      allow: [${before.cluster.api.allow.join(", ")}] # who may reach the Kubernetes API`,
    ...(apps.length > 0 ? [`  ${fleet.project}:overrides:`, ...apps] : []),
    "",
  ].join("\n");
}

/** Below `overrides` of each app that has a file of its own. */
function inAppFiles({ name, tags }: New, texts: Texts): Texts {
  const files = tags.map(([app, tag]) => {
    const file = appFile(app);
    return [file, insertLast(file, texts[file] ?? "", { path: ["overrides"], lines: [`${name}:`, `  tag: ${tag}`] })];
  });
  return Object.fromEntries(files);
}

function inProject({ name, id, before }: New, texts: Texts, fleet: Fleet): string {
  const lines = [
    `- name: ${name}`,
    `  path: clusters/${name}`,
    `  channel: ${id ? `{ prerelease: ${id} }` : "stable"}`,
  ];
  const path = ["config", "stages", "value", fleet.stages.indexOf(before)];
  return insertAfter("Pulumi.yaml", texts["Pulumi.yaml"] ?? "", { path, lines });
}

function write(given: Given, directory: string): string {
  const texts = readTexts(directory);
  const sources = sourcesOf(texts);
  const fleet = resolve(sources);
  const made = newOne(given, fleet);
  const { name } = made;
  const file = `Pulumi.${name}.yaml`;
  if (texts[file] !== undefined) throw new UsageError(`--name ${name}: ${file} is there already.`);
  const { own = [], elsewhere = [] } = Object.groupBy(made.tags, ([app]) =>
    Object.hasOwn(sources.apps, app) ? "own" : "elsewhere",
  );
  const changed = writeTexts(directory, texts, {
    ...texts,
    "Pulumi.yaml": inProject(made, texts, fleet),
    [file]: stageFile(given, { ...made, tags: elsewhere }, fleet),
    ...inAppFiles({ ...made, tags: own }, texts),
  });
  const apps = own.length > 0 ? [`apps/*.yaml (${own.length})`] : [];
  const files = [...changed.filter((each) => !each.startsWith("apps/")), ...apps];
  return `${name} is in ${files.join(" and ")}; its hosts and the rest are yours to add.
Next: pulumi stack init ${name}
      npm run preview -- --stage ${name}   # names the secrets that are missing
In CI it has GitHub's environment ${name}.`;
}

const questions: Command["questions"] = (directory) => [
  ["name", "Name of the stage", ""],
  ["after", "After which stage", resolve(sourcesOf(readTexts(directory))).stages[0]?.name ?? ""],
];

const names = ["name", "after", "prerelease", "location", "type", "network"];

export const newStage: Command = {
  help,
  questions,
  write,
  options: {
    ...Object.fromEntries(names.map((each) => [each, { type: "string" as const }])),
    stable: { type: "boolean" },
    tag: { type: "string", multiple: true },
  },
};

if (import.meta.main) {
  const outcome = await run(newStage, process.argv.slice(2), {
    directory: process.cwd(),
    isTerminal: process.stdin.isTTY,
  });
  tell(outcome);
}
