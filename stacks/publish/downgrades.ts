import { strandedTags } from "../explain/stranded.ts";
import type { Problem } from "./problem.ts";

type Texts = ReadonlyMap<string, string>;

/** Never a lower version unless the configuration allows it for the one that runs; a pin names its tag itself. */
export function downgrades(before: Texts, after: Texts): readonly Problem[] {
  const refused = strandedTags(before, after).filter(({ isDowngrade, isAllowed }) => isDowngrade && !isAllowed);
  return refused.map(({ file, app, stage, tag }) => {
    const found = `${app} runs ${tag}, which its policy would no longer take, so Flux could go back to a lower version`;
    return { path: file, message: `${found}: hold or pin ${app} in ${stage}, or set its allowDowngrade: ${tag}` };
  });
}
