import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAllDocuments, YAMLParseError } from "yaml";
import { documentIn, documentsIn } from "../stacks/yaml/read.ts";
import { all } from "./fleets.ts";

/** What the package `yaml` reads, or that it refuses. */
function whole(text: string): unknown {
  const parsed = parseAllDocuments(text);
  if (parsed.some(({ errors }) => errors.length > 0)) return "refused";
  try {
    const values: readonly unknown[] = parsed.map((document) => document.toJS());
    return values.filter((value) => value !== null);
  } catch {
    return "refused";
  }
}

function read(text: string): unknown {
  try {
    return documentsIn(text);
  } catch {
    return "refused";
  }
}

const rendered = all.filter(({ path }) => path.endsWith(".yaml"));

/** What breaks YAML, or means something in it, less a carriage return alone and `?`, which nobody writes and each reads otherwise. */
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
  ...["\t", "---\n", "...\n", "%", "null", "true", "~", "1e3", "0x1", ".5", "<<", "\\", "ä", "__proto__: 1\n", "\n\n"],
);

const edit = fc.record({
  file: fc.nat(),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  removed: fc.nat({ max: 4 }),
  put: fc.array(pieces, { maxLength: 2 }),
});

describe("reading YAML", () => {
  it("gives of all that is rendered what the package yaml gives", () => {
    for (const { text } of rendered) expect(documentsIn(text)).toEqual(whole(text));
    expect(rendered.length).toBeGreaterThan(100);
  });

  // Lines of a quoted text that stand too far left are taken, as Go's readers take them, and refused by the package yaml.
  it("gives what the package yaml gives where that takes it, whatever an edit made of a file", () => {
    let taken = 0;
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        const { text: begin = "" } = rendered[(edits[0]?.file ?? 0) % rendered.length] ?? {};
        const text = edits.reduce((before, { at, removed, put }) => {
          const from = Math.floor(at * before.length);
          return before.slice(0, from) + put.join("") + before.slice(from + removed);
        }, begin);
        const expected = whole(text);
        if (expected === "refused") return;
        taken += 1;
        expect(read(text)).toEqual(expected);
      }),
      { numRuns: 2_000 },
    );
    expect(taken).toBeGreaterThan(500);
  });

  it("says where and why a text is no YAML, as the package yaml says it", () => {
    const broken = () => documentIn("a: 1\nb: [2\nc: 3\n");
    expect(broken).toThrow(YAMLParseError);
    expect(broken).toThrow(/at line 3, column 1/);
    expect(() => documentIn("a: *b\n")).toThrow(/Unresolved alias.*: b/);
    expect(() => documentIn("a: 1\na: 2\n")).toThrow(/Map keys must be unique/);
    expect(() => documentIn("a: 1\n---\nb: 1\n")).toThrow(/multiple documents/);
  });

  it("does not follow aliases of aliases without end", () => {
    const level = (name: string, of: string) => `${name}: &${name} [${Array(9).fill(`*${of}`).join(", ")}]\n`;
    const laughs = ["b", "c", "d", "e", "f", "g"].map((name, index) => level(name, "abcdef"[index] ?? "")).join("");
    expect(() => documentIn(`a: &a [x, x]\n${laughs}`)).toThrow(/Excessive alias count/);
  });

  it.each([
    ["nothing", "", []],
    ["comments alone", "# none\n", []],
    ["an empty document between two", "a: 1\n---\n---\nb: 1\n", [{ a: 1 }, { b: 1 }]],
  ])("reads %s", (_, text, expected) => {
    expect(documentsIn(text)).toEqual(expected);
  });
});
