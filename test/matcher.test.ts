import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matcherOf } from "../stacks/config/tags/regex/matcher.ts";
import { mismatch } from "../stacks/explain/mismatch.ts";
import { selectTag } from "../stacks/gitops/select.ts";

const atom = fc.constantFrom("a", "b", "1", "-", "\\.", ".", "\\d", "[ab]", "[^a]", "[0-9-]");
const sign = fc.constantFrom("", "", "*", "+", "?", "{2}", "{1,3}", "{0,}", "*?", "+?");
/** A repeated group takes a character in every turn: of turns without one, JavaScript and RE2 think differently. */
const { pattern } = fc.letrec<{ pattern: string; piece: string }>((tie) => ({
  piece: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.tuple(atom, sign).map((parts) => parts.join("")),
    fc
      .tuple(atom, tie("pattern"), fc.constantFrom("", "?", "+", "{2}", "*?"))
      .map(([first, body, times]) => `(?:${first}(?:${body}))${times}`),
  ),
  pattern: fc.oneof(
    fc.array(tie("piece"), { minLength: 1, maxLength: 3 }).map((pieces) => pieces.join("")),
    fc.tuple(tie("piece"), tie("piece")).map((sides) => sides.join("|")),
  ),
}));
const anchors = fc.constantFrom(["", ""], ["^(?:", ")$"], ["^(?:", ")"], ["(?:", ")$"]);
const text = fc.stringMatching(/^[ab1.-]{0,8}$/);

describe("a pattern that could keep JavaScript busy for ever", () => {
  it("matches as JavaScript would, could it wait", () => {
    fc.assert(
      fc.property(pattern, anchors, text, (body, [before, after], tag) => {
        const written = `${before}${body}${after}`;
        const risky = matcherOf(`(?:${written}){1}`)(tag);
        const plain = new RegExp(written).exec(tag);
        expect(risky?.[0]).toBe(plain?.[0]);
      }),
      { numRuns: 2000 },
    );
  });

  it("gives the groups as JavaScript does", () => {
    fc.assert(
      fc.property(pattern, pattern, text, (one, other, tag) => {
        const written = `^(${one})([b1](?:${other}))?(?:-(\\d*))?`;
        const plain = new RegExp(written).exec(tag);
        expect(matcherOf(`${written}(?:){1}`)(tag)).toEqual(plain ? [...plain] : undefined);
      }),
      { numRuns: 1000 },
    );
  });

  const digits = `v${"1".repeat(127)}`;

  it.each([
    "^v(([0-9]+)+)+-x$",
    "^v([0-9]|[0-9][0-9])*x$",
    "^v[0-9]*[0-9]*[0-9]*[0-9]*[0-9]*[0-9]*x$",
    "^v([0-9]*)*-$",
  ])("%s answers for a tag of 128 digits", (endless) => {
    expect(selectTag({ pattern: endless, range: ">=0.0.0-0" }, [digits])).toMatchObject({ kind: "none" });
    expect(mismatch(endless, digits)).toContain("does not match");
  });

  it("is refused where it is not read", () => {
    expect(() => matcherOf("(?i)(a+)+")).toThrow("is not read here");
    expect(() => matcherOf("(a+)+)")).toThrow("a ) has no (");
  });
});
