/** `npm run new-app`: an application's lines in Pulumi.yaml and in every stage's file. */

import { sampleTag } from "../stacks/config/channel.ts";
import { insertLast } from "../stacks/config/insert.ts";
import { resolve } from "../stacks/config/resolve.ts";
import { sourcesOf } from "../stacks/config/sources.ts";
import { readTexts, type Texts, writeTexts } from "./new/files.ts";
import { type Command, type Given, needed, pairsOf, run, textOf } from "./new/run.ts";
import { tell } from "./outcome.ts";

const help = `Usage: npm run new-app -- --name <app> --image <image> --port <number> --tag <stage>=<tag>…

Adds an application to Pulumi.yaml and to the file of every stage. Comments and all other lines
stay; nothing is written unless the whole configuration is valid then. Asks for what is missing.

  --name <app>           also its namespace
  --image <image>        without tag: ghcr.io/acme/shop
  --port <number>        on which the container listens
  --tag <stage>=<tag>    the first tag of a stage, one for each
  --host <stage>=<host>  where a stage serves it; http and https then have an Ingress
  --issuer <name>        of the certificates for the hosts
  --help                 this text

Ends with 0 when written, 1 when the configuration would not be valid, 2 for wrong options.`;

const fleetOf = (texts: Texts) => resolve(sourcesOf(texts));

function shared(given: Given, hosts: object): readonly string[] {
  const issuer = textOf(given, "issuer");
  return [
    `${needed(given, "name")}:`,
    `  image: ${needed(given, "image")}`,
    `  ports: { container: ${needed(given, "port")}, service: 80 }`,
    ...(Object.keys(hosts).length > 0 ? ["  ingress: [http, https]"] : []),
    ...(issuer ? [`  issuer: ${issuer}`] : []),
  ];
}

function own(name: string, tag: string, host: string | undefined): readonly string[] {
  return [`${name}:`, `  tag: ${tag}`, ...(host ? [`  hosts: { http: [${host}], https: [${host}] }`] : [])];
}

function write(given: Given, directory: string): string {
  const before = readTexts(directory);
  const { project, stages } = fleetOf(before);
  const [name, tags, hosts] = [needed(given, "name"), pairsOf(given, "tag"), pairsOf(given, "host")];
  const lines = { path: ["config", "apps", "value"], lines: shared(given, hosts) };
  const overrides = stages.map((stage) => {
    const file = `Pulumi.${stage.name}.yaml`;
    const added = own(name, tags[stage.name] ?? textOf(given, `tag-${stage.name}`) ?? "", hosts[stage.name]);
    const path = ["config", `${project}:overrides`];
    return [file, insertLast(file, before[file] ?? "", { path, lines: added })] as const;
  });
  const after = {
    ...before,
    "Pulumi.yaml": insertLast("Pulumi.yaml", before["Pulumi.yaml"] ?? "", lines),
    ...Object.fromEntries(overrides),
  };
  const changed = writeTexts(directory, before, after);
  return `${name} is in ${changed.join(", ")}. Look: npm run render -- --stage ${stages[0]?.name} --out /tmp/${name}`;
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
    ...{ name: { type: "string" }, image: { type: "string" }, port: { type: "string" }, issuer: { type: "string" } },
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
