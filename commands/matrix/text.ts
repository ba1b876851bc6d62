/** The matrix for a terminal of 80 columns. */

import type { Cell } from "../../stacks/matrix/matrix.ts";
import { columns } from "../../stacks/terminal/columns.ts";
import { wrapped } from "../wrap.ts";
import {
  age,
  appsOf,
  behindText,
  expiryText,
  monthText,
  nodesText,
  type Report,
  stagesOf,
  unknownOf,
} from "./report.ts";

const width = 80;

const states: { readonly [state in Cell["state"]]: string } = {
  automatic: "",
  proposed: "",
  held: " held",
  pinned: " pinned",
  suspended: " suspended",
};

const head = ({ tag, state }: Cell): string => `${tag ?? "no tag"}${states[state]}`;
const since = ({ since: commit }: Cell, now: string): string =>
  commit ? `${age(commit.at, now)}, ${commit.id.slice(0, 7)}` : "";

/** None where it does not fit. */
function grid(report: Report): readonly string[] | undefined {
  const stages = stagesOf(report);
  const rows = appsOf(report).flatMap((app) => {
    const own = stages.map((stage) => report.cells.find((each) => each.app === app && each.stage === stage));
    const line = (title: string, text: (cell: Cell) => string) => [
      title,
      ...own.map((each) => (each ? text(each) : "")),
    ];
    const all = [line(app, head), line("  since", (each) => since(each, report.at)), line("", behindText)];
    return all.filter((row, index) => index === 0 || row.slice(1).some((each) => each !== ""));
  });
  const lines = columns([["", ...stages], ...rows]);
  return lines.every(({ length }) => length <= width) ? lines : undefined;
}

/** For more stages, or longer tags, than stand beside each other. */
function list(report: Report): readonly string[] {
  return report.cells.map((cell) => {
    const rest = [since(cell, report.at), behindText(cell)].filter(Boolean).join(", ");
    return `${cell.app} in ${cell.stage}: ${head(cell)}${rest ? ` (${rest})` : ""}`;
  });
}

function waiting({ cells }: Report): readonly string[] {
  const newer = cells.flatMap(({ app, stage, newer }) =>
    newer.flatMap(({ tag, reason }) => wrapped(`${app} in ${stage}: ${tag}, ${reason}`)),
  );
  const unknown = [...new Set(cells.flatMap(({ unknown: reason, image }) => (reason ? [`${image}: ${reason}`] : [])))];
  return [
    ...(newer.length > 0 ? ["", "Newer, and why it does not run:", ...newer] : []),
    ...(unknown.length > 0 ? ["", "Not known, what is newer:", ...unknown.flatMap((each) => wrapped(each))] : []),
  ];
}

function clusters(report: Report): readonly string[] {
  const lines = report.clusters.flatMap((each) => {
    const [month, expiry] = [monthText(each), expiryText(each, report.at)];
    const parts = [`k3s ${each.k3s}`, `Flux ${each.flux}`, each.location, nodesText(each), month];
    const all = [...parts, expiry && `kubeconfig until ${expiry}`].filter(Boolean);
    return wrapped(`${each.stage}: ${all.join(", ")}`);
  });
  const unknown = unknownOf(report);
  return [...lines, ...(unknown.length > 0 ? ["", "Not known:", ...unknown.flatMap((each) => wrapped(each))] : [])];
}

export function matrixText(report: Report): string {
  const apps = report.cells.length === 0 ? ["No app is in it."] : (grid(report) ?? list(report));
  const lines = [
    `${report.repository}, ${report.commit.slice(0, 7)}`,
    "",
    ...apps,
    ...waiting(report),
    "",
    "Clusters, as configured:",
    ...clusters(report),
  ];
  return lines.join("\n");
}
