import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { toYaml } from "../stacks/gitops/yaml.ts";
import { all } from "./fleets.ts";

describe("files are what Flux's setter would write (rule 18)", () => {
  const texts = all.map(({ stage, path, text }) => ({ stage: stage.name, path, text }));

  it.each(texts)("$stage $path", ({ path, text }) => {
    expect(text).not.toMatch(/\r|\t| $/m);
    expect(text).toMatch(/^# .+\napiVersion: (.*\n)*.+\n$/);
    expect(text).not.toMatch(/[&*]a1/);
    if (path.startsWith("apps/")) expect(text).not.toMatch(/\n\n|^---/m);
  });

  it.each([
    "yes",
    "No",
    "on",
    "y",
    "true",
    "~",
    "null",
    "",
    "0123",
    "0888",
    "1e3",
    "0o17",
    "0x1F",
    "0X1F",
    "9E_+7",
    "1_000",
    "12:30",
    "e7",
    "2024-1-2",
  ])("%j stays a string for readers of YAML 1.1 and 1.2", (value) => {
    const yaml = toYaml([{ apiVersion: "v1", kind: "X", value, [value]: 1 }]);
    expect(yaml).toContain(`value: '${value}'\n`);
    for (const version of ["1.1", "1.2"] as const) {
      const [document] = parseAllDocuments(yaml, { version });
      expect(document && "toJS" in document && document.toJS()).toEqual({
        apiVersion: "v1",
        kind: "X",
        value,
        [value]: 1,
      });
    }
  });

  it.each([
    ["an emoji, as kyaml writes it", "a 😀", '"a \\U0001F600"'],
    ["a block", "a\n  b\n", "|\n  a\n    b"],
    ["a line that ends in a space", "a \nb", '"a \\nb"'],
    ["what may not stand in a file", "\u007f\u0085", '"\\x7F\\N"'],
    ["several long lines", `${"word ".repeat(20)}\nb`, `"${"word ".repeat(20)}\\nb"`],
    ["a hash", "a #b", "'a #b'"],
    ["a long line, unfolded", "word ".repeat(40), `'${"word ".repeat(40)}'`],
  ])("%s", (_, value, source) => {
    expect(toYaml([{ apiVersion: "v1", kind: "X", value }])).toContain(`\nvalue: ${source}\n`);
  });

  it.each([
    ["what is not there", { a: undefined, b: null }, "b: null"],
    ["nothing", { a: {}, b: [], c: [[]] }, "a: {}\nb: []\nc:\n  - []"],
    [
      "lists in lists",
      { a: [[1, [true]], { b: 1, c: [2] }] },
      "a:\n  - - 1\n    - - true\n  - b: 1\n    c:\n      - 2",
    ],
    ["lines below a key of several", { "a\nb\n": "c\nd\n" }, '"a\\nb\\n": |\n  c\n  d'],
    ["a key too long for one line", { ["k".repeat(129)]: { a: 1 } }, `? ${"k".repeat(129)}\n: a: 1`],
  ])("writes %s", (_, fields, text) => {
    const yaml = toYaml([{ apiVersion: "v1", kind: "X", ...fields }]);
    expect(yaml).toBe(`# Rendered from the configuration: edit it there.\napiVersion: v1\nkind: X\n${text}\n`);
    const [document] = parseAllDocuments(yaml);
    expect(document && "toJS" in document && document.toJS()).toEqual({ apiVersion: "v1", kind: "X", ...fields });
  });

  it("reads back any value", () => {
    const key = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("y", "1", "a\nb\n", "x".repeat(200)));
    const value = fc.oneof(fc.jsonValue(), fc.dictionary(key, fc.jsonValue()));
    fc.assert(
      fc.property(value, (written) => {
        const [document] = parseAllDocuments(
          toYaml([{ apiVersion: "v1", kind: "X", value: written, list: [written] }]),
        );
        const read = document && "toJS" in document && document.toJS();
        expect(read).toEqual({ apiVersion: "v1", kind: "X", value: written, list: [written] });
      }),
    );
  });

  it("reads back any string", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (value) => {
        const [document] = parseAllDocuments(toYaml([{ apiVersion: "v1", kind: "X", value }]));
        expect(document && "toJS" in document && document.toJS().value).toBe(value);
      }),
    );
  });
});
