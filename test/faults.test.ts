import { describe, expect, it } from "vitest";
import { type Catalogue, type Proof, problemsOf, proofsAfter, proofsIn, rowsOf } from "../commands/faults/table.ts";
import * as catalogue from "./faults.ts";

const small: Catalogue = {
  faults: [
    { id: "F1", layer: "G", text: "lost → found" },
    { id: "F2", layer: "G", text: "cut → whole" },
  ],
  open: {},
};
const proof = (fault: string, file: string, tests = 1): Proof => ({ fault, file, tests });
const result = (file: string, name: string, status = "passed") => ({ file, name, status });
const everything = () => true;

describe("the catalogue of faults", () => {
  it("has its 83 rows, each once", () => {
    expect(catalogue.faults.map(({ id }) => Number(id.slice(1))).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 83 }, (_, index) => index + 1),
    );
  });

  it("says of every open one why", () => {
    expect(Object.values(catalogue.open).filter(({ because }) => because.length < 5)).toEqual([]);
  });
});

describe("what a run proves", () => {
  it("is counted per file, from the names of the tests that passed", () => {
    const results = [result("a", "x (F1, F2)"), result("a", `y (F1)`), result("b", "z")];
    expect(proofsAfter([], { results, covers: everything })).toEqual([proof("F1", "a", 2), proof("F2", "a")]);
  });

  it("is forgotten when its tests are gone, failed, or renamed", () => {
    const before = [proof("F1", "gone"), proof("F1", "failed", 2), proof("F1", "renamed")];
    const results = [result("failed", `x (F1)`), result("failed", `y (F1)`, "failed"), result("renamed", "x")];
    expect(proofsAfter(before, { results, covers: everything })).toEqual([]);
  });

  it("stays as it was known where tests are skipped, or belong to another run", () => {
    const before = [proof("F1", "flux/a"), proof("F2", "skipped", 3)];
    const results = [result("skipped", `x (F2)`, "skipped"), result("skipped", `y (F2)`)];
    expect(proofsAfter(before, { results, covers: (file) => !file.startsWith("flux/") })).toEqual(before);
    expect(proofsAfter([], { results, covers: everything })).toEqual([]);
  });
});

describe("nobody overlooks", () => {
  const both = [proof("F1", "a"), proof("F2", "a")];

  it.each<{ what: string; proofs: readonly Proof[]; open: Catalogue["open"]; problem: string }>([
    {
      what: "a row without a test",
      proofs: [proof("F1", "a")],
      open: {},
      problem: "F2 has no test that passed: cut → whole",
    },
    {
      what: "a test of no row",
      proofs: [...both, proof("F99", "b")],
      open: {},
      problem: "test/b.test.ts names F99, which is no fault",
    },
    {
      what: "a reason that is over",
      proofs: both,
      open: { F2: { because: "no test yet" } },
      problem: "F2 has a test: take it off the open ones, or say inPart what is missing",
    },
    {
      what: "a part of which nothing is proved",
      proofs: [proof("F1", "a")],
      open: { F2: { because: "no k3s", inPart: true } },
      problem: "F2 is open in part, and no test of it passed",
    },
    {
      what: "a reason for no row",
      proofs: both,
      open: { F99: { because: "?" } },
      problem: "F99 is open, and no fault",
    },
  ])("$what", ({ proofs, open, problem }) => expect(problemsOf({ ...small, open }, proofs)).toEqual([problem]));
});

it("the table reads back what it says", () => {
  const proofs = [proof("F1", "a", 12), proof("F1", "flux/b")];
  const open = { F2: { because: "needs k3s", proof: "`k3s etcd-snapshot ls`" } };
  const rows = rowsOf({ ...small, open }, proofs);
  expect(rows).toBe(
    [
      `| F1 | G | lost → found | \`a\` 12, \`flux/b\` 1 | passed |`,
      `| F2 | G | cut → whole |  | open: needs k3s; \`k3s etcd-snapshot ls\` would prove it |`,
    ].join("\n"),
  );
  expect(proofsIn(rows)).toEqual(proofs);
});
