/**
 * YAML as plain values, by js-yaml: it takes a fourteenth of the time of the package `yaml`, which in a repository of thousands of
 * files is the difference between a glance and a wait. Lines, comments and the words for what is wrong are `yaml`'s.
 */
import { CORE_SCHEMA, load, loadAll } from "js-yaml";
import type { Document } from "yaml";
import { yamlPackage } from "./package.ts";

const schema = { schema: CORE_SCHEMA };

/** An alias of an alias of an alias is small as text and endless as values: `yaml` counts them, js-yaml does not. */
const mayHaveAliases = (text: string): boolean => text.includes("*");

function checked(document: Pick<Document, "errors" | "toJS">): unknown {
  const [error] = document.errors;
  if (error) throw error;
  return document.toJS();
}

/** What either reads is the same; what js-yaml refuses is read again, to say why. */
function read<T>(text: string, fast: () => T, thorough: () => T): T {
  if (mayHaveAliases(text)) return thorough();
  try {
    return fast();
  } catch {
    return thorough();
  }
}

/** The one document of a text; nothing for an empty one. @throws Error of `yaml`, mostly a YAMLParseError with the place */
export function documentIn(text: string): unknown {
  return read(
    text,
    () => load(text, schema),
    () => checked(yamlPackage().parseDocument(text)),
  );
}

/** Every document of a text that is not empty. @throws as `documentIn` */
export function documentsIn(text: string): readonly unknown[] {
  const found = read<readonly unknown[]>(
    text,
    () => loadAll(text, null, schema),
    () => yamlPackage().parseAllDocuments(text).map(checked),
  );
  return found.filter((value) => value !== null && value !== undefined);
}
