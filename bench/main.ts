/** `npm run bench`: ratios to a floor measured in the same run; nothing here is an assertion. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { table } from "../sandbox/table.ts";
import { type Row, ratio, type Times } from "./measure.ts";
import { benchPreview } from "./preview.ts";
import { benchRender } from "./render.ts";
import { benchSelect } from "./select.ts";

const usage = `Usage: npm run bench [-- --json FILE]

Prints each measure with minimum, median and maximum in milliseconds, ours and the floor's, and the ratio of the medians.`;

const { values } = parseArgs({ options: { json: { type: "string" }, help: { type: "boolean", short: "h" } } });

const span = ({ min, median, max }: Times): string => [min, median, max].map((each) => each.toFixed(0)).join(" / ");

async function run(): Promise<void> {
  const checkout = join(import.meta.dirname, "..");
  const rows: readonly Row[] = [await benchRender(checkout), await benchPreview(checkout), await benchSelect()];
  const lines = rows.map((row) => [
    row.measure,
    span(row.ours),
    span(row.floor),
    ratio(row).toFixed(2),
    `≤ ${row.goal}`,
  ]);
  console.log(table(["measure", "ours, ms", "floor, ms", "ratio", "goal"], lines));
  if (values.json) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
}

if (values.help) console.log(usage);
else await run();
