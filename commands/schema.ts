/** `npm run schema`: what editors check Pulumi.yaml and Pulumi.<stage>.yaml by, written anew from the configuration's schema. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSources } from "../stacks/config/files.ts";
import { projectSchema, stackSchema } from "../stacks/config/json-schema.ts";

/** Path to text. */
export function schemaFiles(project: string): { readonly [path: string]: string } {
  const text = (schema: object) => `${JSON.stringify(schema, null, 2)}\n`;
  return { "schema/project.json": text(projectSchema()), "schema/stack.json": text(stackSchema(project)) };
}

if (import.meta.main) {
  const directory = process.cwd();
  mkdirSync(join(directory, "schema"), { recursive: true });
  for (const [path, text] of Object.entries(schemaFiles(readSources(directory).project))) {
    writeFileSync(join(directory, path), text);
    console.log(path);
  }
}
