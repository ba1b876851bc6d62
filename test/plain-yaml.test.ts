import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { toYaml } from "../stacks/gitops/yaml.ts";
import { plainYaml } from "../stacks/tree/plain-yaml.ts";
import { all } from "./fleets.ts";

/** What the parser for all of YAML reads: nothing for a text that is broken or not one document. */
function whole(text: string): unknown {
  const [first, ...more] = parseAllDocuments(text);
  const isOne = first !== undefined && "errors" in first && first.errors.length === 0 && more.length === 0;
  return isOne ? first.toJS() : undefined;
}

const rendered = all.filter(({ path }) => path.endsWith(".yaml"));

const objects = rendered.filter(({ path, text }) => path.startsWith("clusters/") && !text.includes("\n---\n"));

/** What breaks YAML, or means something in it. */
const pieces = fc.constantFrom(
  ...[
    "\n",
    "  ",
    " ",
    "- ",
    "-",
    ": ",
    ":",
    "#",
    " #",
    "'",
    '"',
    "|",
    ">",
    "|-",
    "{",
    "}",
    "[",
    "]",
    "&a ",
    "*a",
    "!!str ",
  ],
  ...[
    "\t",
    "\r",
    "---\n",
    "...\n",
    "%",
    "null",
    "true",
    "~",
    "1e3",
    "0x1",
    ".5",
    "<<",
    "?",
    "\\",
    "ä",
    "__proto__: 1\n",
    "\n\n",
  ],
);

const edit = fc.record({
  file: fc.nat(),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  removed: fc.nat({ max: 4 }),
  put: fc.array(pieces, { maxLength: 2 }),
});

describe("the reader of plain YAML", () => {
  it("reads nearly all that is rendered of a cluster, as the parser does", () => {
    const read = objects.filter(({ text }) => plainYaml(text) !== undefined);
    for (const { text } of read) expect(plainYaml(text)).toEqual(whole(text));
    expect(read.length).toBeGreaterThan(objects.length * 0.9);
  });

  it("never reads anything else than the parser, whatever an edit made of a file", () => {
    let understood = 0;
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        const { text: begin = "" } = rendered[(edits[0]?.file ?? 0) % rendered.length] ?? {};
        const text = edits.reduce((before, { at, removed, put }) => {
          const from = Math.floor(at * before.length);
          return before.slice(0, from) + put.join("") + before.slice(from + removed);
        }, begin);
        const read = plainYaml(text);
        if (read === undefined) return;
        understood += 1;
        expect(read).toEqual(whole(text));
      }),
      { numRuns: 5_000 },
    );
    expect(understood).toBeGreaterThan(100);
  });

  it("reads any values back as the parser does, or leaves them to it", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (fields) => {
        const text = toYaml([{ apiVersion: "v1", kind: "X", fields }]);
        const read = plainYaml(text);
        if (read !== undefined) expect(read).toEqual({ apiVersion: "v1", kind: "X", fields });
      }),
    );
  });

  it.each([
    ["a key twice", "a: 1\na: 2\n"],
    ["a value that goes on below", "a: b\n  c\n"],
    ["a list at its key's place", "a:\n- b\n"],
    ["no value", "a:\nb: 1\n"],
    ["another document", "a: 1\n---\nb: 1\n"],
    ["an anchor", "a: &b c\n"],
    ["a number in another notation", "a: 0x1f\n"],
    ["a line without its end", "a: b"],
    ["a block that keeps its line ends", "a: |+\n  b\n\n"],
  ])("leaves %s to the parser", (_, text) => {
    expect(plainYaml(text)).toBeUndefined();
  });
});
