/** `node commands/node.mjs commands/stages.ts [--json]`: the configured stages' names in promotion order, for workflows. */
import { readSources } from "../stacks/config/files.ts";
import { field } from "../stacks/tree/manifests.ts";
import { type Outcome, refusal, tell } from "./outcome.ts";
import { parsed } from "./usage.ts";

const help = `Usage: node commands/node.mjs commands/stages.ts [--json]

The names of the configured stages in promotion order, for workflows.

  --json      as a list
  -h, --help  this text

Ends with 0, 1 when Pulumi.yaml cannot be read, 2 for wrong options.`;

/**
 * What each stage has under a key, in promotion order. Without the rest of the configuration, so that a mistake elsewhere is said
 * by each stage's own preview. @throws ConfigError
 */
export function ofStages(key: "name" | "path", directory: string): readonly string[] {
  const { values } = readSources(directory).shared;
  const written = values["stages"];
  const stages: readonly unknown[] = Array.isArray(written) ? written : [];
  return stages.map((stage) => field(stage, key)).filter((value) => typeof value === "string");
}

function answered(args: readonly string[], directory: string): Outcome {
  const options = { json: { type: "boolean" }, help: { type: "boolean" } } as const;
  const { values } = parsed({ args: [...args], options });
  if (values.help) return { code: 0, text: help };
  const names = ofStages("name", directory);
  return { code: 0, text: values.json ? JSON.stringify(names) : names.join(" ") };
}

if (import.meta.main) {
  try {
    tell(answered(process.argv.slice(2), process.cwd()));
  } catch (error) {
    tell(refusal(error, help));
  }
}
