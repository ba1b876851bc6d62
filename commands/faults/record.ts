/** SHELL: holds docs/faults.md to the tests that ran, and writes it. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as catalogue from "../../test/faults.ts";
import type { Outcome, Suites } from "../suites.ts";
import { faultsIn, type Proof, problemsOf, proofsAfter, proofsIn, rowsOf, summary, type TestResult } from "./table.ts";

const root = join(import.meta.dirname, "../..");
const document = join(root, "docs/faults.md");
const head = "| # | layer | fault → what must happen | tests that passed | result |\n| --- | --- | --- | --- | --- |\n";
const onCi = process.env["CI"] === "true";

/** Which tests a run has: all beside test/flux, all in it, or those of the files that were asked for. */
export type Part = "tests" | "flux" | "files";

const inFlux = (file: string): boolean => file.startsWith("flux/");

function resultsOf({ results }: Suites): TestResult[] {
  return (results?.testResults ?? []).flatMap(({ name, assertionResults }) => {
    const file = name.slice(join(root, "test/").length).replace(/\.test\.ts$/, "");
    return assertionResults.map(({ fullName, status }) => ({ file, name: fullName, status }));
  });
}

function coverage(part: Part, results: readonly TestResult[]): (file: string) => boolean {
  if (part === "files") return (file) => results.some((result) => result.file === file);
  return (file) => inFlux(file) === (part === "flux");
}

/**
 * Of a file that another run has, the document's word holds while the file is there; where that run is rarer, while it also
 * names the fault itself. Others may have the names of their tests from a corpus.
 */
function stands({ file, fault }: Proof): boolean {
  const path = join(root, "test", `${file}.test.ts`);
  return existsSync(path) && (!inFlux(file) || faultsIn(readFileSync(path, "utf8")).includes(fault));
}

/** @returns whether the document said already what it has to say; what it should say is printed. */
function settled(rows: string): boolean {
  const before = readFileSync(document, "utf8");
  const after = `${before.slice(0, before.indexOf(head))}${head}${rows}\n`;
  const said = new Set(before.split("\n"));
  for (const row of rows.split("\n")) if (!said.has(row)) console.log(row);
  if (after !== before && !onCi) {
    writeFileSync(document, after);
    console.log("docs/faults.md was written anew: look at its difference, and commit it");
  }
  return after === before;
}

function problemsAfter(suites: Suites, part: Part): string[] {
  const results = resultsOf(suites);
  const covers = coverage(part, results);
  const before = proofsIn(readFileSync(document, "utf8")).filter((proof) => covers(proof.file) || stands(proof));
  const proofs = proofsAfter(before, { results, covers });
  const same = !suites.outcome.ok || settled(rowsOf(catalogue, proofs));
  if (part === "files") return [];
  console.log(`\n== ${summary(catalogue, proofs)}`);
  const unsaid = results.filter(({ name, status }) => status !== "passed" && faultsIn(name).length > 0);
  return [
    ...problemsOf(catalogue, proofs),
    ...(onCi ? unsaid.map(({ file, name, status }) => `${status}: test/${file}.test.ts: ${name}`) : []),
    ...(same || !onCi ? [] : ["docs/faults.md is not what ran: run the tests elsewhere and commit what they write"]),
  ];
}

export function recordFaults(suites: Suites, part: Part): Outcome {
  const started = performance.now();
  const problems = problemsAfter(suites, part);
  for (const problem of problems) console.error(problem);
  return { name: "faults", ok: problems.length === 0, seconds: (performance.now() - started) / 1000 };
}
