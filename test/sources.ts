/** The seed's configuration as a folder of files, and edits of it; tests never read the project's own files. */
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import type { Texts } from "../stacks/config/files.ts";
import { type Sources, sourcesOf } from "../stacks/config/sources.ts";

const folder = join(import.meta.dirname, "configs/valid/seed");

const files = ["Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.stage.yaml", "Pulumi.prod.yaml"];

/** Dotted path below the project's prefix → new value; `null` removes the key, an unknown key is added. */
export interface Edits {
  readonly [file: string]: { readonly [path: string]: unknown };
}

function edited(file: string, edits: Edits): string {
  const document = parseDocument(readFileSync(join(folder, file), "utf8"));
  for (const [path, value] of Object.entries(edits[file] ?? {})) {
    const [key = "", ...rest] = path.split(".").map((part) => (/^[0-9]+$/.test(part) ? Number(part) : part));
    const full = file === "Pulumi.yaml" ? ["config", key, "value", ...rest] : ["config", `k3s-stages:${key}`, ...rest];
    if (value === null) document.deleteIn(full);
    else document.setIn(full, document.createNode(value));
  }
  return document.toString({ lineWidth: 0 });
}

/** The seed's files, with edits; a file edited to `null` is left out. */
export function seedTexts(edits: Edits = {}): Texts {
  const kept = files.filter((file) => edits[file] !== null);
  return Object.fromEntries(kept.map((file) => [file, edited(file, edits)]));
}

/** Makes a folder a project: with the seed's files, and the pins. */
export function placeSeed(project: string): void {
  cpSync(folder, project, { recursive: true });
  cpSync(join(import.meta.dirname, "../pins.json"), join(project, "pins.json"));
}

export const seedSources = (edits: Edits = {}): Sources => sourcesOf(seedTexts(edits));
