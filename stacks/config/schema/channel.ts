import { z } from "zod";
import type { Channel } from "../fleet.ts";
import { readPattern } from "../tags/pattern.ts";
import { channelProblems } from "./channel-problems.ts";
import { prereleaseId } from "./names.ts";

const version = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,14})(\.(0|[1-9][0-9]{0,14})){2}$/, "use a version such as 2.0.0")
  .meta({ examples: ["2.0.0"] });
const order = z.enum(["asc", "desc"]);

/** A regular expression that RE2 and JavaScript read alike. */
export const expression = z.string().superRefine((written, { addIssue }) => {
  const read = readPattern(written);
  if ("problem" in read) addIssue({ code: "custom", message: read.problem });
});

const longForm = z
  .strictObject({
    stable: z.literal(true).optional().describe("v1.2.3"),
    prerelease: prereleaseId.optional().describe("v1.2.3-<id>.4"),
    floor: version.optional().describe("the first version that counts"),
    ceiling: version.optional().describe("the first version that does not"),
    pattern: z
      .string()
      .optional()
      .describe("regular expression of the tags, as ^…$, in the syntax of RE2 and JavaScript"),
    extract: z
      .string()
      .optional()
      .describe("what is compared instead of the whole tag; a group of the pattern by its number, in $ and braces"),
    semver: z.string().optional().describe("a range such as >=1.0.0: the greatest version in it is the newest"),
    numerical: order.optional().describe("asc: the greatest number is the newest"),
    alphabetical: order.optional().describe("asc: the last one by bytes is the newest"),
  })
  .superRefine((keys, { addIssue }) => {
    for (const { key, message } of channelProblems(keys)) addIssue({ code: "custom", path: key ? [key] : [], message });
  });

export const channel = z.union([z.literal("stable"), longForm], {
  error: "use stable (v1.2.3), or {prerelease: develop} (v1.2.3-develop.4)",
});

/** The channel that was written; its keys have been checked for belonging together. */
export function channelOf(written: z.output<typeof channel>): Channel {
  if (written === "stable") return { kind: "stable" };
  const { prerelease, floor, ceiling, pattern, extract, semver, numerical, alphabetical } = written;
  if (pattern === undefined) {
    const fence = { floor, ceiling };
    return prerelease ? { kind: "prerelease", id: prerelease, ...fence } : { kind: "stable", ...fence };
  }
  if (semver !== undefined) return { kind: "semver", pattern, extract, range: semver };
  if (numerical) return { kind: "numerical", pattern, extract, order: numerical };
  return { kind: "alphabetical", pattern, extract, order: alphabetical ?? "asc" };
}
