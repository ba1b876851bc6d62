import { describe, expect, it } from "vitest";
import { sizeWarning } from "../stacks/config/size.ts";

describe("the size of a stage's configuration", () => {
  it("is nobody's business far below what Linux takes", () => {
    expect(sizeWarning("x".repeat(90_000))).toBeUndefined();
  });

  it("is said, with the way out, before no run starts any more", () => {
    expect(sizeWarning("ü".repeat(60_000))).toBe(
      "The stage's configuration takes 118 of the 128 KiB that Linux lets Pulumi hand to a program; with more, no run starts " +
        "(argument list too long): give apps files of their own (apps/<name>.yaml), which do not count.",
    );
  });
});
