/** `npm run bench`: ratios to a floor measured in the same run; nothing here is an assertion. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { table } from "../sandbox/table.ts";
import { benchApps } from "./apps.ts";
import { benchBringUp } from "./bring-up.ts";
import { benchConfiguration } from "./configuration.ts";
import { type Row, ratio } from "./measure.ts";
import { benchPreview } from "./preview.ts";
import { benchPublish } from "./publish.ts";
import { benchRender } from "./render.ts";
import { benchRequests } from "./requests.ts";
import { benchSelect } from "./select.ts";
import { benchUserData } from "./user-data.ts";

const benches: { readonly [name: string]: () => Promise<readonly Row[]> } = {
  apps: benchApps,
  configuration: benchConfiguration,
  render: benchRender,
  select: benchSelect,
  preview: benchPreview,
  publish: benchPublish,
  requests: benchRequests,
  "bring-up": benchBringUp,
  "user-data": benchUserData,
};

const usage = `Usage: npm run bench [-- [NAME ...] [--json FILE]]

Prints each measure with minimum, median and maximum, ours and the floor's, and the ratio of the medians.
Names: ${Object.keys(benches).join(", ")}; all of them, if none is given.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "string" }, help: { type: "boolean", short: "h" } },
});

const span = ({ min, median, max }: Row["ours"], unit: string): string =>
  `${[min, median, max].map((each) => each.toFixed(0)).join(" / ")} ${unit}`;

const cells = (row: Row): readonly string[] => [
  row.measure,
  span(row.ours, row.unit),
  span(row.floor, row.unit),
  ratio(row).toFixed(2),
  row.goal === undefined ? "" : `≤ ${row.goal}`,
];

async function run(names: readonly string[]): Promise<void> {
  const rows: Row[] = [];
  for (const name of names) rows.push(...((await benches[name]?.()) ?? []));
  console.log(table(["measure", "ours", "floor", "ratio", "goal"], rows.map(cells)));
  const report = rows.map((row) => ({ ...row, ratio: ratio(row) }));
  if (values.json) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
}

const unknown = positionals.find((name) => !(name in benches));
if (values.help) console.log(usage);
else if (unknown) {
  console.error(`There is no bench ${unknown}.\n\n${usage}`);
  process.exitCode = 2;
} else await run(positionals.length > 0 ? positionals : Object.keys(benches));
