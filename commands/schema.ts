/** `npm run schema`: what editors check the configuration by, and what people look it up in, written anew from its schema. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSources } from "../stacks/config/files.ts";
import { projectSchema, stackSchema } from "../stacks/config/json-schema.ts";
import { reference } from "../stacks/config/reference.ts";

/** Path to text. */
export function schemaFiles(project: string): { readonly [path: string]: string } {
  const text = (schema: object) => `${JSON.stringify(schema, null, 2)}\n`;
  return {
    "schema/project.json": text(projectSchema()),
    "schema/stack.json": text(stackSchema(project)),
    "docs/configuration.md": reference(project),
  };
}

if (import.meta.main) {
  const directory = process.cwd();
  mkdirSync(join(directory, "schema"), { recursive: true });
  for (const [path, text] of Object.entries(schemaFiles(readSources(directory).project))) {
    writeFileSync(join(directory, path), text);
    console.log(path);
  }
}
