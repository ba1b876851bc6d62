/** `npm run matrix`: which version runs where, since when, and why no other. */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { ConfigError } from "../stacks/config/error.ts";
import { readFleet } from "../stacks/config/files.ts";
import { clustersOf } from "../stacks/explain/offers.ts";
import { clusterLine } from "../stacks/matrix/cluster-line.ts";
import { matrix } from "../stacks/matrix/matrix.ts";
import { movements } from "../stacks/matrix/movements.ts";
import { expiries, months } from "./matrix/clusters.ts";
import { matrixHtml } from "./matrix/html.ts";
import { help, type Options, options } from "./matrix/options.ts";
import type { Report } from "./matrix/report.ts";
import { type History, history, knownTags } from "./matrix/sources.ts";
import { matrixText } from "./matrix/text.ts";
import { type Outcome, refusal, type Surroundings, surroundings, tell } from "./outcome.ts";

interface Clocked extends Surroundings {
  readonly now: () => Date;
}

/** What a file of the repository gets wrong is the asker's to know, not our bug. */
function clustersIn({ source, files }: History) {
  try {
    return clustersOf(files, true);
  } catch (error) {
    throw new ConfigError(`${source}: ${error instanceof Error ? error.message : error}`);
  }
}

async function report(given: Options, around: Clocked): Promise<Report> {
  const { directory, environment, now } = around;
  const { fleet, pins } = readFleet(directory);
  const found = await history(given, fleet.repository, directory);
  const clusters = clustersIn(found);
  const scanned = clusters.flatMap(({ objects }) => objects.repositories.map(({ spec }) => spec.image));
  const asking = { ...around, offline: given.offline ?? false };
  const [known, month, expires] = await Promise.all([
    knownTags([...new Set(scanned)], given, environment),
    months(fleet, asking),
    expiries(fleet, asking),
  ]);
  const told = { pins, files: found.files, months: month, expiries: expires };
  const order = fleet.stages.map(({ name }) => name);
  return {
    repository: found.source,
    commit: found.commit,
    at: now().toISOString(),
    clusters: fleet.stages.map((stage) => clusterLine(stage, told)),
    cells: matrix({ clusters, moved: movements(found.log), known, order }),
  };
}

function written(html: string, file: string): string {
  try {
    writeFileSync(file, html);
    return `${file}: the matrix as a page.`;
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    throw new ConfigError(`${file} cannot be written (${error.code}): name another file.`);
  }
}

async function answered(args: readonly string[], around: Clocked): Promise<string> {
  const given = options(args);
  if (given.help) return help;
  const made = await report(given, around);
  const page = given.html === undefined ? undefined : written(matrixHtml(made), resolve(around.directory, given.html));
  if (given.json) return JSON.stringify(made, null, 2);
  return page ?? matrixText(made);
}

/** Runs the command; nothing but the page is written anywhere. */
export async function matrixCommand(args: readonly string[], around: Clocked): Promise<Outcome> {
  try {
    return { code: 0, text: await answered(args, around) };
  } catch (error) {
    return refusal(error, help);
  }
}

if (import.meta.main) {
  tell(await matrixCommand(process.argv.slice(2), { ...surroundings(), now: () => new Date() }));
}
