/** `npm run new-app`: an application's lines in Pulumi.yaml and in every stage's file, or in a file of its own. */
import { appFile } from "../stacks/config/app-files.ts";
import { ConfigError } from "../stacks/config/error.ts";
import { readTexts, type Texts } from "../stacks/config/files.ts";
import type { Fleet } from "../stacks/config/fleet.ts";
import { resolve } from "../stacks/config/resolve.ts";
import { sourcesOf } from "../stacks/config/sources.ts";
import { sampleTag } from "../stacks/config/tags/channel.ts";
import { writeTexts } from "./new/files.ts";
import { insertLast } from "./new/insert.ts";
import { type Command, type Given, needed, pairsOf, run, textOf } from "./new/run.ts";
import { tell } from "./outcome.ts";

const help = `Usage: npm run new-app -- --name <app> --image <image> --port <number>
                          --tag <stage>=<tag>… [--file]

Adds an application to Pulumi.yaml and to the file of every stage, or as a file
of its own. Comments and all other lines stay; nothing is written unless the
whole configuration is valid then. Asks for what is missing.

  --name <app>           also its namespace
  --image <image>        without tag: ghcr.io/acme/shop
  --port <number>        on which the container listens
  --tag <stage>=<tag>    the first tag of a stage, one for each
  --host <stage>=<host>  where a stage serves it; http and https then have an
                         Ingress
  --issuer <name>        of the certificates for the hosts
  --file                 into apps/<app>.yaml, a file of its own, which any
                         number of apps can have; as soon as one app has one,
                         always
  -h, --help             this text

Ends with 0 when written, 1 when the configuration would not be valid, 2 for
wrong options.`;

const fleetOf = (texts: Texts) => resolve(sourcesOf(texts));

/** What the stages share, without the app's name above it. */
function shared(given: Given, hosts: object): readonly string[] {
  const issuer = textOf(given, "issuer");
  return [
    `image: ${needed(given, "image")}`,
    `ports: { container: ${needed(given, "port")}, service: 80 }`,
    ...(Object.keys(hosts).length > 0 ? ["ingress: [http, https]"] : []),
    ...(issuer ? [`issuer: ${issuer}`] : []),
  ];
}

const own = (tag: string, host: string | undefined): readonly string[] => [
  `tag: ${tag}`,
  ...(host ? [`hosts: { http: [${host}], https: [${host}] }`] : []),
];

const below = (key: string, lines: readonly string[]): readonly string[] => [
  `${key}:`,
  ...lines.map((line) => `  ${line}`),
];

/** An app's lines, by stage where they differ. */
interface Lines {
  readonly name: string;
  readonly shared: readonly string[];
  readonly stages: readonly (readonly [stage: string, lines: readonly string[]])[];
}

function linesOf(given: Given, { stages }: Fleet): Lines {
  const [tags, hosts] = [pairsOf(given, "tag"), pairsOf(given, "host")];
  const each = stages.map(({ name }) => {
    return [name, own(tags[name] ?? textOf(given, `tag-${name}`) ?? "", hosts[name])] as const;
  });
  return { name: needed(given, "name"), shared: shared(given, hosts), stages: each };
}

function ownFile({ name, shared: lines, stages }: Lines, before: Texts): Texts {
  const file = appFile(name);
  if (before[file] !== undefined) throw new ConfigError(`${file} is there already.`);
  const overrides = below(
    "overrides",
    stages.flatMap(([stage, each]) => below(stage, each)),
  );
  const all = ["# yaml-language-server: $schema=../schema/app.json", ...lines, ...overrides, ""];
  return { [file]: all.join("\n") };
}

/** Behind the last app of each file. */
function inSharedFiles({ name, shared: lines, stages }: Lines, before: Texts, project: string): Texts {
  const inserted = (file: string, path: readonly string[], more: readonly string[]) =>
    [file, insertLast(file, before[file] ?? "", { path, lines: below(name, more) })] as const;
  return Object.fromEntries([
    inserted("Pulumi.yaml", ["config", "apps", "value"], lines),
    ...stages.map(([stage, each]) => inserted(`Pulumi.${stage}.yaml`, ["config", `${project}:overrides`], each)),
  ]);
}

function write(given: Given, directory: string): string {
  const before = readTexts(directory);
  const fleet = fleetOf(before);
  const lines = linesOf(given, fleet);
  const hasFiles = Object.keys(sourcesOf(before).apps).length > 0;
  const added = given["file"] || hasFiles ? ownFile(lines, before) : inSharedFiles(lines, before, fleet.project);
  const changed = writeTexts(directory, before, { ...before, ...added });
  const look = `npm run render -- --stage ${fleet.stages[0]?.name} --out /tmp/${lines.name}`;
  return `${lines.name} is in ${changed.join(", ")}. Look: ${look}`;
}

const questions: Command["questions"] = (directory) => [
  ["name", "Name of the app", ""],
  ["image", "Its image, without tag", ""],
  ["port", "Port that it listens on", "8080"],
  ...fleetOf(readTexts(directory)).stages.map(
    ({ name, channel }) =>
      [
        `tag-${name}`,
        `First tag in ${name}`,
        channel.kind === "stable" || channel.kind === "prerelease" ? sampleTag(channel) : "",
      ] as const,
  ),
];

export const newApp: Command = {
  help,
  questions,
  write,
  options: {
    ...{
      name: { type: "string" },
      image: { type: "string" },
      port: { type: "string" },
      issuer: { type: "string" },
      file: { type: "boolean" },
    },
    ...{ tag: { type: "string", multiple: true }, host: { type: "string", multiple: true } },
  },
};

if (import.meta.main) {
  const outcome = await run(newApp, process.argv.slice(2), {
    directory: process.cwd(),
    isTerminal: process.stdin.isTTY,
  });
  tell(outcome);
}
