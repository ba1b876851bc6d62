/** `npm run schema`: what editors check the configuration by, and what people look it up in, written anew from its schema. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSources } from "../stacks/config/files.ts";
import { appSchema, projectSchema, stackSchema } from "../stacks/config/schema/json-schema.ts";
import { reference } from "../stacks/config/schema/reference.ts";
import { refusal, tell } from "./outcome.ts";
import { parsed } from "./usage.ts";

const help = `Usage: npm run schema

Writes schema/, by which editors check Pulumi.yaml, Pulumi.<stage>.yaml and
apps/<name>.yaml, and docs/configuration.md anew, from the configuration's
schema. For who changes that schema; nobody else needs it.

  -h, --help  this text

Ends with 0 when written, 1 when the configuration cannot be read, 2 for wrong
options.`;

/** Path to text. */
export function schemaFiles(project: string): { readonly [path: string]: string } {
  const text = (schema: object) => `${JSON.stringify(schema, null, 2)}\n`;
  return {
    "schema/project.json": text(projectSchema()),
    "schema/stack.json": text(stackSchema(project)),
    "schema/app.json": text(appSchema()),
    "docs/configuration.md": reference(project),
  };
}

/** Prints the paths that it wrote. */
function write(directory: string): void {
  mkdirSync(join(directory, "schema"), { recursive: true });
  for (const [path, text] of Object.entries(schemaFiles(readSources(directory).project))) {
    writeFileSync(join(directory, path), text);
    console.log(path);
  }
}

if (import.meta.main) {
  try {
    const { values } = parsed({ options: { help: { type: "boolean" } } });
    if (values.help) console.log(help);
    else write(process.cwd());
  } catch (error) {
    tell(refusal(error, help));
  }
}
