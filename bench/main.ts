/** `npm run bench`: ratios to a floor measured in the same run; nothing here is an assertion. */
import { writeFileSync } from "node:fs";
import { parsed, UsageError } from "../commands/usage.ts";
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

const span = ({ min, median, max }: Row["ours"], unit: string): string =>
  `${[min, median, max].map((each) => each.toFixed(0)).join(" / ")} ${unit}`;

const cells = (row: Row): readonly string[] => [
  row.measure,
  span(row.ours, row.unit),
  span(row.floor, row.unit),
  ratio(row).toFixed(2),
  row.goal === undefined ? "" : `≤ ${row.goal}`,
];

async function run(names: readonly string[], json: string | undefined): Promise<void> {
  const rows: Row[] = [];
  for (const name of names) rows.push(...((await benches[name]?.()) ?? []));
  console.log(table(["measure", "ours", "floor", "ratio", "goal"], rows.map(cells)));
  const report = rows.map((row) => ({ ...row, ratio: ratio(row) }));
  if (json) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
}

async function main(): Promise<void> {
  const options = { json: { type: "string" }, help: { type: "boolean", short: "h" } } as const;
  const { values, positionals } = parsed({ allowPositionals: true, options }, usage);
  const unknown = positionals.find((name) => !(name in benches));
  if (unknown) throw new UsageError(`There is no bench ${unknown}.\n\n${usage}`);
  if (values.help) console.log(usage);
  else await run(positionals.length > 0 ? positionals : Object.keys(benches), values.json);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
