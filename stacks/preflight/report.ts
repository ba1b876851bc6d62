import type { Bill, Line } from "./price.ts";
import type { Price } from "./snapshot.ts";

/** Half a cent is rounded up; the little more is what adding binary fractions loses. */
const money = (value: number): string => (Math.round(value * 100 + 1e-6) / 100).toFixed(2);

/** `+12.00`, `-3.50`; empty where nothing changes. */
function change(from: number, to: number): string {
  const by = Math.round((to - from) * 100) / 100;
  if (by === 0) return "";
  return `${by > 0 ? "+" : ""}${money(by)}`;
}

/** Columns under each other: text to the left, numbers to the right. */
function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const widths = (rows[0] ?? []).map((_, column) => width(column));
  return rows.map((row) =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

const count = ({ before, after }: Line): string => (before === after ? `${after}` : `${before} to ${after}`);

function row(line: Line): readonly string[] {
  const { what, location, before, after, each } = line;
  if (!each) return [what, location, count(line), "?", "?", ""];
  return [
    ...[what, location, count(line), money(each.net * after), money(each.gross * after)],
    change(each.net * before, each.net * after),
  ];
}

export const isUnchanged = ({ before, after }: Bill): boolean =>
  change(before.net, after.net) === "" && change(before.gross, after.gross) === "";

const both = ({ net, gross }: Price, currency: string): string =>
  `${money(net)} ${currency} (${money(gross)} with VAT)`;

/** One line, where nothing changes: `prod costs 256.90 EUR (305.71 with VAT) a month at Hetzner, as now`. */
export const priceLine = (stage: string, { after, currency }: Bill): string =>
  `${stage} costs ${both(after, currency)} a month at Hetzner, as now`;

/** A stage's month, a line per kind and the change against what exists; fits 80 columns inside Pulumi's indentation. */
export function priceTable(stage: string, bill: Bill): string {
  const { lines, before, after, currency } = bill;
  const header = [`${stage}, a month at Hetzner`, "", "count", `${currency} net`, "with VAT", "change"];
  const total = ["in all", "", "", money(after.net), money(after.gross), change(before.net, after.net)];
  const unknown = lines.some(({ each }) => !each) ? ["?: Hetzner's list has no price for it there."] : [];
  return [
    ...aligned([header, ...lines.map(row), total]),
    ...unknown,
    "Not in it: volumes, load balancers of Services, traffic beyond what is included.",
  ].join("\n");
}
