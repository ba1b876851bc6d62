import { z } from "zod";

/** What `pulumi preview --json` prints, as far as the report needs it. */

const record = z.record(z.string(), z.unknown());
const state = z.object({ type: z.string().default(""), inputs: record.default({}) });

const step = z.object({
  op: z.string(),
  urn: z.string(),
  oldState: state.optional(),
  newState: state.optional(),
  diffReasons: z.array(z.string()).nullish(),
  replaceReasons: z.array(z.string()).nullish(),
  detailedDiff: z.record(z.string(), z.object({ kind: z.string() })).nullish(),
});

const preview = z.object({
  steps: z.array(step).default([]),
  diagnostics: z.array(z.object({ message: z.string().default(""), severity: z.string() })).nullish(),
});

export type Step = z.output<typeof step>;
export type Preview = z.output<typeof preview>;

export const treeType = "gitops:index:Tree";

/** Of the stage's tree, where that changes. */
export const treeStep = (steps: readonly Step[]): Step | undefined =>
  steps.find(({ op, newState, oldState }) => {
    return op !== "same" && op !== "refresh" && (newState?.type || oldState?.type) === treeType;
  });

/** @throws Error for a text that holds no such answer */
export function readPreview(text: string): Preview {
  // Lines of a wrapper, npm's among them, may stand before it.
  const [start = -1] = [...text.matchAll(/^\{/gm)].map(({ index }) => index);
  if (start < 0) throw new Error("there is no JSON of `pulumi preview --json` in it");
  return preview.parse(JSON.parse(text.slice(start)));
}
