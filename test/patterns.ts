/** Random regular expressions of the syntax that RE2 and JavaScript share, and texts that some of them match. */
import fc from "fast-check";

export const pattern: fc.Arbitrary<string> = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc.constantFrom("a", "b", "1", "\\.", "-", "_", ".", "\\d", "\\w", "\\W", "[a1]", "[^a-b]", "[\\d.-]"),
    fc.tuple(tie("node"), tie("node")).map(([a, b]) => a + b),
    fc.tuple(tie("node"), tie("node")).map(([a, b]) => `(${a}|${b})`),
    fc
      .tuple(tie("node"), fc.constantFrom("*", "+", "?", "{2}", "{1,3}", "{2,}", "*?"))
      .map(([inner, sign]) => `(?:${inner})${sign}`),
  ),
})).node;

export const text = fc.array(fc.constantFrom(..."ab10.-_"), { maxLength: 8 }).map((characters) => characters.join(""));
