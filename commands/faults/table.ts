/** What docs/faults.md says, and what a run of tests makes of it. */
import type { Fault, Open } from "../../test/faults.ts";

/** The tests of one file that name a fault. The file is below test/, without `.test.ts`. */
export interface Proof {
  readonly fault: string;
  readonly file: string;
  readonly tests: number;
}

export interface TestResult {
  readonly file: string;
  readonly name: string;
  readonly status: string;
}

export interface Run {
  readonly results: readonly TestResult[];
  /** Whether a file's tests belong to this run: what was known of such a file counts no more. */
  readonly covers: (file: string) => boolean;
}

export interface Catalogue {
  readonly faults: readonly Fault[];
  readonly open: { readonly [id: string]: Open };
}

export const faultsIn = (name: string): string[] => name.match(/\bF\d+\b/g) ?? [];

/** A failed test proves nothing, whatever its neighbours do; of a skipped one, what was known before is all that is known. */
export function proofsAfter(before: readonly Proof[], { results, covers }: Run): Proof[] {
  const named = results.flatMap((result) => [...new Set(faultsIn(result.name))].map((fault) => ({ ...result, fault })));
  const groups = [...Map.groupBy(named, ({ fault, file }) => `${fault} ${file}`).values()];
  const found = groups.flatMap((tests) => {
    const [{ fault, file } = { fault: "", file: "" }] = tests;
    if (tests.some(({ status }) => status === "failed")) return [];
    if (tests.every(({ status }) => status === "passed")) return [{ fault, file, tests: tests.length }];
    return before.filter((proof) => proof.fault === fault && proof.file === file);
  });
  return [...before.filter(({ file }) => !covers(file)), ...found].toSorted((a, b) => (a.file < b.file ? -1 : 1));
}

function problemOf({ id, text }: Fault, proved: boolean, open: Open | undefined): string[] {
  if (!proved && !open) return [`${id} has no test that passed: ${text}`];
  if (!proved && open?.inPart) return [`${id} is open in part, and no test of it passed`];
  if (proved && open && !open.inPart)
    return [`${id} has a test: take it off the open ones, or say inPart what is missing`];
  return [];
}

/** A row without a test and without a reason, a name that is no row, a reason that is over. */
export function problemsOf({ faults, open }: Catalogue, proofs: readonly Proof[]): string[] {
  const known = (id: string) => faults.some((fault) => fault.id === id);
  return [
    ...proofs.flatMap(({ fault, file }) =>
      known(fault) ? [] : [`test/${file}.test.ts names ${fault}, which is no fault`],
    ),
    ...Object.keys(open).flatMap((id) => (known(id) ? [] : [`${id} is open, and no fault`])),
    ...faults.flatMap((row) =>
      problemOf(
        row,
        proofs.some(({ fault }) => fault === row.id),
        open[row.id],
      ),
    ),
  ];
}

function resultOf(open: Open | undefined, proved: boolean): string {
  if (!open) return proved ? "passed" : "nothing names it";
  return `${proved ? "passed; " : ""}open: ${open.because}${open.proof ? `; ${open.proof} would prove it` : ""}`;
}

/** The rows of the table, as they stand in the document. */
export function rowsOf({ faults, open }: Catalogue, proofs: readonly Proof[]): string {
  const rows = faults.map(({ id, layer, text }) => {
    const own = proofs.filter(({ fault }) => fault === id);
    const tests = own.map(({ file, tests }) => `\`${file}\` ${tests}`).join(", ");
    return `| ${id} | ${layer} | ${text} | ${tests} | ${resultOf(open[id], own.length > 0)} |`;
  });
  return rows.join("\n");
}

export function proofsIn(document: string): Proof[] {
  return document.split("\n").flatMap((line) => {
    const [fault = "", , , tests = ""] = line.replace(/^\| /, "").split(" | ");
    if (!/^F\d+$/.test(fault)) return [];
    return [...tests.matchAll(/`([^`]+)` (\d+)/g)].map(([, file = "", count]) => ({
      fault,
      file,
      tests: Number(count),
    }));
  });
}

export function summary({ faults, open }: Catalogue, proofs: readonly Proof[]): string {
  const proved = faults.filter(({ id }) => proofs.some(({ fault }) => fault === id));
  const inPart = proved.filter(({ id }) => open[id]).length;
  return `${faults.length} faults: ${proved.length} tried, ${inPart} of them in part; ${faults.length - proved.length} open`;
}
