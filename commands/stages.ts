/** `node commands/node.mjs commands/stages.ts [--json]`: the configured stages' names in promotion order, for workflows. */
import { readSources } from "../stacks/config/files.ts";
import { field } from "../stacks/tree/manifests.ts";

/** Without the rest of the configuration, so that a mistake elsewhere is said by each stage's own preview. */
export function stageNames(directory: string): readonly string[] {
  const { values } = readSources(directory).shared;
  const written = values["stages"];
  const stages: readonly unknown[] = Array.isArray(written) ? written : [];
  return stages.map((stage) => field(stage, "name")).filter((name) => typeof name === "string");
}

if (import.meta.main) {
  const names = stageNames(process.cwd());
  console.log(process.argv.includes("--json") ? JSON.stringify(names) : names.join(" "));
}
