/** An adoption in words, for a terminal. */
import { columns } from "../terminal/columns.ts";
import type { Adoption } from "./adopt.ts";
import type { StageChanges } from "./changes.ts";
import { channelName } from "./channels.ts";
import { type Finding, findingLine } from "./finding.ts";
import type { Files } from "./read.ts";
import type { System } from "./system.ts";

/** Lists longer than this are cut; --json has all of them. */
const shown = 12;

function understood({ stages, apps }: System): readonly string[] {
  const stageRows = stages.map(({ name, path, channel }) => [
    name,
    path,
    channel ? channelName(channel) : "no channel seen",
  ]);
  const rows = apps.flatMap((app) =>
    app.uses.map((use) => {
      const hosts = [...new Set([...use.hosts.http, ...use.hosts.https])].join(" ");
      const port = `${app.ports.service ?? "?"}>${app.ports.container ?? "?"}`;
      return [app.name, use.stage, use.tag || "none", `${use.replicas}`, app.namespace, port, hosts || "-"];
    }),
  );
  return [
    ...columns([["stage", "cluster", "channel"], ...stageRows]),
    "",
    ...columns([["app", "stage", "tag", "replicas", "namespace", "ports", "hosts"], ...rows]),
  ];
}

function listed(title: string, paths: readonly string[]): readonly string[] {
  if (paths.length === 0) return [];
  const rest = paths.length > shown ? [`    and ${paths.length - shown} more (--json lists all)`] : [];
  return [`  ${title} (${paths.length})`, ...paths.slice(0, shown).map((path) => `    ${path}`), ...rest];
}

function stageLines({ stage, created, changed, same, conflicts, twice }: StageChanges): readonly string[] {
  return [
    `${stage}: ${created.length} files new, ${changed.length} changed, ${same.length} as they are, ${conflicts.length} conflicts`,
    ...listed("new", created),
    ...listed("changed", changed),
    ...listed(
      "conflicts: move or delete your file first; the tag under its marker is in the configuration",
      conflicts.map(({ path }) => path),
    ),
    ...listed(
      "remove yours, or two files define one object",
      twice.map(({ path, object, rendered }) => `${path}: ${object} (${rendered})`),
    ),
  ];
}

/** One mistake is rarely made once: the first place says what it is, the others where. */
function grouped(findings: readonly Finding[]): readonly string[] {
  return [...Map.groupBy(findings, ({ code }) => code).values()].flatMap(([first, ...others]) => {
    if (!first) return [];
    const places = others.map(({ path, line }) => `    also ${path}:${line}`);
    const rest = places.length > shown ? [`    and ${places.length - shown} more (--json lists all)`] : [];
    return [`  ${findingLine(first)}`, ...places.slice(0, shown), ...rest];
  });
}

function wrong(findings: readonly Finding[]): readonly string[] {
  const of = (severity: Finding["severity"]) => findings.filter((each) => each.severity === severity);
  const [errors, warnings] = [of("error"), of("warning")];
  return [
    ...(errors.length > 0 ? [`Wrong in it: ${errors.length}`, ...grouped(errors)] : ["Nothing wrong found in it."]),
    ...(warnings.length > 0 ? ["", `To be looked at: ${warnings.length}`, ...grouped(warnings)] : []),
  ];
}

const files = (configuration: Files): readonly string[] =>
  Object.entries(configuration).flatMap(([file, text]) => [`--- ${file}`, text.trimEnd(), ""]);

export interface ReportArgs {
  readonly adoption: Adoption;
  /** Where the configuration was written; `undefined` prints it. */
  readonly out: string | undefined;
}

export function report({ adoption, out }: ReportArgs): string {
  const { system, configuration, problems, findings, stages, kept } = adoption;
  const names = Object.keys(configuration).join(", ");
  const written = out ? [`Configuration: ${names} in ${out}`] : ["Configuration", "", ...files(configuration)];
  const change = problems
    ? ["The configuration does not validate yet, so nothing could be rendered from it:", problems]
    : ["What would change", ...stages.flatMap(stageLines), ...listed("stays with people", kept)];
  return [...understood(system), "", ...wrong(findings), "", ...change, "", ...written].join("\n").trimEnd();
}
