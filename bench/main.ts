/** `npm run bench`: ratios to a floor measured in the same run; nothing here is an assertion. */
import { writeFileSync } from "node:fs";
import { refusal, tell } from "../commands/outcome.ts";
import { parsed, UsageError } from "../commands/usage.ts";
import { wrapped } from "../commands/wrap.ts";
import { columns } from "../stacks/terminal/columns.ts";
import { benchApps } from "./apps.ts";
import { benchBringUp } from "./bring-up.ts";
import { benchConfiguration } from "./configuration.ts";
import { benchEngineApps } from "./engine-apps.ts";
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
  "engine-apps": benchEngineApps,
  publish: benchPublish,
  requests: benchRequests,
  "bring-up": benchBringUp,
  "user-data": benchUserData,
};

const help = `Usage: npm run bench [-- <name>… [--json <file>]]

Prints each measure with minimum, median and maximum, ours and the floor's, and
the ratio of the medians. The names, all of them if none is given:

${wrapped(Object.keys(benches).join(" "), "  ", "  ").join("\n")}

  --json <file>  the table as JSON, too
  -h, --help     this text

Ends with 0 when measured, 2 for wrong options.`;

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
  for (const [index, name] of names.entries()) {
    // All of them take twenty minutes, and the table stays alone on standard output.
    console.error(`measuring ${name} (${index + 1} of ${names.length})`);
    rows.push(...((await benches[name]?.()) ?? []));
  }
  console.log(columns([["measure", "ours", "floor", "ratio", "goal"], ...rows.map(cells)]).join("\n"));
  const report = rows.map((row) => ({ ...row, ratio: ratio(row) }));
  if (json) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
}

async function main(): Promise<void> {
  const options = { json: { type: "string" }, help: { type: "boolean" } } as const;
  const { values, positionals } = parsed({ allowPositionals: true, options });
  const unknown = positionals.find((name) => !(name in benches));
  if (unknown) throw new UsageError(`There is no bench ${unknown}.`);
  if (values.help) console.log(help);
  else await run(positionals.length > 0 ? positionals : Object.keys(benches), values.json);
}

try {
  await main();
} catch (error) {
  tell(refusal(error, help));
}
