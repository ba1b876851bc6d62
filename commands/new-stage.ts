/** `npm run new-stage`: a stage's line in Pulumi.yaml and a file of its own. */

import type { Fleet } from "../stacks/config/fleet.ts";
import { insertAfter } from "../stacks/config/insert.ts";
import { resolve } from "../stacks/config/resolve.ts";
import { sourcesOf } from "../stacks/config/sources.ts";
import { versionOf } from "../stacks/config/version.ts";
import { readTexts, writeTexts } from "./new/files.ts";
import { type Command, type Given, needed, pairsOf, run, textOf } from "./new/run.ts";
import { tell } from "./outcome.ts";
import { UsageError } from "./usage.ts";

const help = `Usage: npm run new-stage -- --name <stage> [--after <stage>] [--prerelease <id>] …

Adds a stage to Pulumi.yaml and writes its Pulumi.<stage>.yaml: one small server, every app once.
Nothing is written unless the whole configuration is valid then. Asks for what is missing.

  --name <stage>         also its folder, clusters/<stage>
  --after <stage>        the stage from which new versions come; the first one, if not given
  --prerelease <id>      its tags are v1.2.3-<id>.4; the stage's name, if not given
  --tag <app>=<tag>      an app's first tag; the version of the stage before it, if not given
  --location <name>      nbg1, if not given
  --type <server type>   cpx22, if not given
  --network <range>      the next free 10.x.0.0/16, if not given
  --help                 this text

Ends with 0 when written, 1 when the configuration would not be valid, 2 for wrong options.`;

/** Ten apart, as the first stages are, so that there is room between them. */
function freeNetwork({ stages }: Fleet): string {
  const taken = stages.map(({ cluster }) => Number(cluster.network.split(".")[1]));
  return `10.${Math.min(250, Math.max(0, ...taken) + 10)}.0.0/16`;
}

function firstTag(tag: string, id: string): string {
  const version = versionOf(tag);
  return version ? `v${version.major}.${version.minor}.${version.patch}-${id}.1` : tag;
}

function stageFile(given: Given, fleet: Fleet, id: string): string {
  const before = fleet.stages.find(({ name }) => name === (textOf(given, "after") ?? fleet.stages[0]?.name));
  if (!before) throw new UsageError(`--after ${textOf(given, "after")}: there is no such stage.`);
  const network = textOf(given, "network") ?? freeNetwork(fleet);
  const subnet = network.replace(/\/.*$/, "/24");
  const tags = pairsOf(given, "tag");
  const everywhere = before.apps.filter(({ stages }) => stages.length === fleet.stages.length);
  const apps = everywhere.flatMap(({ name, tag }) => [`    ${name}:`, `      tag: ${tags[name] ?? firstTag(tag, id)}`]);
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

function write(given: Given, directory: string): string {
  const texts = readTexts(directory);
  const fleet = resolve(sourcesOf(texts));
  const name = needed(given, "name");
  const id = textOf(given, "prerelease") ?? name;
  const file = `Pulumi.${name}.yaml`;
  if (texts[file] !== undefined) throw new UsageError(`--name ${name}: ${file} is there already.`);
  const stack = stageFile(given, fleet, id);
  const index = Math.max(
    0,
    fleet.stages.findIndex((stage) => stage.name === textOf(given, "after")),
  );
  const lines = [`- name: ${name}`, `  path: clusters/${name}`, `  channel: { prerelease: ${id} }`];
  const shared = insertAfter("Pulumi.yaml", texts["Pulumi.yaml"] ?? "", {
    path: ["config", "stages", "value", index],
    lines,
  });
  const changed = writeTexts(directory, texts, { ...texts, "Pulumi.yaml": shared, [file]: stack });
  return `${name} is in ${changed.join(" and ")}; its hosts and the rest are yours to add there.
Next: pulumi stack init ${name}; pulumi config set --secret hcloud:token --stack ${name}. In CI it has GitHub's environment ${name}.`;
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
