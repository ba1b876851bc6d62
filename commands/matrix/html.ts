/** The matrix as one page that needs nothing else: stages as columns, a lane for each version that moves through them. */
import { compare } from "semver";
import type { Cell } from "../../stacks/matrix/matrix.ts";
import { release } from "../../stacks/matrix/matrix.ts";
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

const escapes: { readonly [character: string]: string } = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => escapes[character] ?? "");

const style = `
:root { color-scheme: light dark; --line: light-dark(#c3cad5, #4a5361); --soft: light-dark(#5b6675, #9aa6b6);
  --run: light-dark(#0b6e4f, #56d6a5); --stop: light-dark(#9a4b00, #ffb066); --paper: light-dark(#fff, #14181f); }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; background: var(--paper); }
h1 { font-size: 1.3rem; margin: 0; } h2 { font-size: 1.05rem; margin: 2rem 0 .3rem; }
p, small, .soft { color: var(--soft); } code { font: .85em ui-monospace, monospace; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; padding: .3rem .6rem .3rem 0; vertical-align: top; }
.lanes { table-layout: fixed; min-width: calc(var(--stages) * 11rem + 6rem); } .lanes th:first-child { width: 6rem; }
.lanes td { padding: .25rem 0; text-align: center; }
.lanes td.from, .lanes td.to, .lanes td.via { background: linear-gradient(var(--line), var(--line)) no-repeat; background-size: 50% 2px; }
.lanes td.from { background-position: 100% 50%; } .lanes td.to { background-position: 0 50%; }
.lanes td.via { background-size: 100% 2px; background-position: 50% 50%; }
.lanes thead th { text-align: center; border-bottom: 1px solid var(--line); } .lanes tbody th { font-weight: 400; }
.tag { display: inline-block; padding: .05rem .55rem; border: 1px solid var(--line); border-radius: 1rem; background: var(--paper);
  color: var(--soft); font: .85em ui-monospace, monospace; white-space: nowrap; }
.tag.now { border: 2px solid var(--run); color: var(--run); font-weight: 600; } .tag.stopped { border-color: var(--stop); color: var(--stop); }
.facts { margin-top: .6rem; font-size: .9rem; min-width: 48rem; } .facts td { padding: .25rem .8rem .25rem 0; vertical-align: top; }
.facts tbody > tr > * { border-top: 1px solid var(--line); } .facts td:last-child { color: var(--soft); }
.facts ul { margin: 0; padding-left: 1rem; }
@media (max-width: 40rem) { .tag { font-size: .7em; padding: 0 .35rem; } .lanes th:first-child { width: 3.5rem; }
  .lanes { min-width: calc(var(--stages) * 8rem + 3.5rem); } }
`;

const stopped = ({ state }: Cell): boolean => state === "held" || state === "pinned" || state === "suspended";

/** Of more versions than these nobody follows the way. */
const lanes = 6;

interface Stop {
  readonly tag: string;
  readonly at: string | undefined;
  readonly isRunning: boolean;
  readonly cell: Cell;
}

/** Where a version runs or ran in a stage: its last tag there. */
function stopOf(cell: Cell | undefined, version: string): Stop | undefined {
  if (!cell) return undefined;
  const isRunning = cell.tag !== null && release(cell.tag) === version;
  const last = cell.history.find(({ tag }) => release(tag) === version);
  if (isRunning) return { tag: cell.tag ?? "", at: cell.since?.at, isRunning, cell };
  return last && { tag: last.tag, at: last.commit.at, isRunning, cell };
}

function stopHtml({ tag, at, isRunning, cell }: Stop, now: string): string {
  const classes = `tag${isRunning ? " now" : ""}${isRunning && stopped(cell) ? " stopped" : ""}`;
  const state = isRunning && stopped(cell) ? ` ${cell.state}` : "";
  const when = at ? ` title="${escaped(`${isRunning ? "since" : "came"} ${at}, ${age(at, now)} ago`)}"` : "";
  return `<span class="${classes}"${when}>${escaped(tag)}${state}</span>`;
}

/** The line that joins the stages which a version reached. */
function join(index: number, first: number, last: number): string {
  if (first === last || index < first || index > last) return "";
  return ` class="${index === first ? "from" : index === last ? "to" : "via"}"`;
}

function lane(version: string, cells: readonly (Cell | undefined)[], now: string): string {
  const stops = cells.map((each) => stopOf(each, version));
  const reached = stops.flatMap((stop, index) => (stop ? [index] : []));
  const [first = 0, last = first] = [reached[0], reached.at(-1)];
  const row = stops.map((stop, index) => `<td${join(index, first, last)}>${stop ? stopHtml(stop, now) : ""}</td>`);
  return `<tr><th scope="row">${escaped(version)}</th>${row.join("")}</tr>`;
}

function lanesHtml(cells: readonly (Cell | undefined)[], stages: readonly string[], now: string): string {
  const all = cells.flatMap((each) => (each ? [each.tag ?? "", ...each.history.map(({ tag }) => tag)] : []));
  const running = new Set(cells.flatMap((each) => release(each?.tag ?? "") ?? []));
  const versions = [...new Set(all.flatMap((tag) => release(tag) ?? []))].toSorted((a, b) => compare(b, a));
  const kept = versions.filter((version, index) => index < lanes || running.has(version));
  const head = stages.map((stage) => `<th scope="col">${escaped(stage)}</th>`).join("");
  const rows = kept.map((version) => lane(version, cells, now)).join("\n");
  return `<div class="scroll"><table class="lanes" style="--stages: ${stages.length}"><thead><tr><th></th>${head}</tr></thead><tbody>\n${rows}\n</tbody></table></div>`;
}

function facts(cell: Cell, now: string): string {
  const { since, newer, unknown } = cell;
  const when = since
    ? `${age(since.at, now)} ago, <code title="${escaped(since.subject)}">${escaped(since.id.slice(0, 7))}</code> by ${escaped(since.author)}`
    : "not in the history";
  const items = newer.map(({ tag, reason }) => `<li><code>${escaped(tag)}</code> ${escaped(reason)}</li>`).join("");
  const news = unknown ? `not known: ${escaped(unknown)}` : items ? `<ul>${items}</ul>` : "nothing";
  const rule = [cell.filter, cell.range]
    .flatMap((each) => (each ? [`<code>${escaped(each)}</code>`] : []))
    .join(" in ");
  const rows = [
    `<th scope="row">${escaped(cell.stage)}</th>`,
    `<td><code>${escaped(cell.tag ?? "no tag")}</code><br><span class="soft">${when}</span></td>`,
    `<td>${escaped(behindText(cell)) || (cell.behind ? "nothing" : "")}</td>`,
    `<td>${news}</td>`,
    `<td>${rule}</td>`,
  ];
  return `<tr>${rows.join("")}</tr>`;
}

function appHtml(app: string, report: Report): string {
  const stages = stagesOf(report);
  const cells = stages.map((stage) => report.cells.find((each) => each.app === app && each.stage === stage));
  const own = cells.flatMap((each) => (each ? [each] : []));
  const head = ["", "Runs", "Behind", "Newer, and why it does not run", "Takes"]
    .map((each) => `<th>${each}</th>`)
    .join("");
  return `<section id="${escaped(app)}"><h2>${escaped(app)} <small><code>${escaped(own[0]?.image ?? "")}</code></small></h2>
${lanesHtml(cells, stages, report.at)}
<div class="scroll"><table class="facts"><thead><tr>${head}</tr></thead><tbody>
${own.map((each) => facts(each, report.at)).join("\n")}
</tbody></table></div></section>`;
}

function clustersHtml(report: Report): string {
  const rows = report.clusters.map((each) => {
    const [month, expiry] = [monthText(each) || "not known", expiryText(each, report.at) || "not known"];
    const cells = [each.location, nodesText(each), each.k3s, each.flux, month, expiry, each.path];
    return `<tr><th scope="row">${escaped(each.stage)}</th>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join("")}</tr>`;
  });
  const head = ["", "Location", "Nodes", "k3s", "Flux", "Price, net", "Kubeconfig until", "Folder"]
    .map((each) => `<th>${each}</th>`)
    .join("");
  return `<section><h2>Clusters, as configured</h2><div class="scroll"><table class="facts"><thead><tr>${head}</tr></thead><tbody>
${rows.join("\n")}
</tbody></table></div>${unknownOf(report)
    .map((each) => `<p>Not known: ${escaped(each)}</p>`)
    .join("")}</section>`;
}

export function matrixHtml(report: Report): string {
  const { repository, commit, at } = report;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>What runs where</title><style>${style}</style></head><body>
<h1>What runs where</h1>
<p>${escaped(repository)}, <code>${escaped(commit.slice(0, 7))}</code>, ${escaped(at.slice(0, 16).replace("T", " "))} UTC</p>
${appsOf(report)
  .map((app) => appHtml(app, report))
  .join("\n")}
${clustersHtml(report)}
</body></html>
`;
}
