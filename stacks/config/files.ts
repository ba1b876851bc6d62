/** SHELL: the configuration as files on disk, for the program's sibling stages and for every command. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "./error.ts";
import type { Fleet } from "./fleet.ts";
import { type Pins, parsePins } from "./releases/pins.ts";
import { resolve } from "./resolve.ts";
import { isApp, type Sources, sourcesOf } from "./sources.ts";

const projectFile = "Pulumi.yaml";

/** Texts of configuration files by their paths in the project's folder. */
export interface Texts {
  readonly [file: string]: string;
}

/** The apps' files; another folder's name may be `apps` too, so nothing below is looked at. @throws ConfigError */
function appTexts(directory: string): Texts {
  const folder = join(directory, "apps");
  const found = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
  const files = found.flatMap((entry) => (entry.isFile() && /\.ya?ml$/.test(entry.name) ? `apps/${entry.name}` : []));
  const texts = files.toSorted().map((file) => [file, readFileSync(join(directory, file), "utf8")] as const);
  const apps = texts.filter(([file, text]) => isApp(file, text));
  const [unread] = apps.find(([file]) => file.endsWith(".yml")) ?? [];
  if (unread)
    throw new ConfigError(`${unread} is not read under that name: call it ${unread.replace(/yml$/, "yaml")}.`);
  return Object.fromEntries(apps);
}

/** Every configuration file of a project's folder. @throws ConfigError where one is missing, or would not be read */
export function readTexts(directory: string): Texts {
  if (!existsSync(join(directory, projectFile))) {
    throw new ConfigError(`There is no ${projectFile} in ${directory}; run this in the project's folder.`);
  }
  const stacks = readdirSync(directory).filter((file) => /^Pulumi\.[^.]+\.yaml$/.test(file));
  const texts = [projectFile, ...stacks.toSorted()].map((file) => [file, readFileSync(join(directory, file), "utf8")]);
  return { ...Object.fromEntries(texts), ...appTexts(directory) };
}

/** @throws ConfigError as `readTexts`, or when one is no YAML or no mapping */
export const readSources = (directory: string): Sources => sourcesOf(readTexts(directory));

/** The pinned versions, from pins.json. @throws ConfigError */
export function readPins(directory: string): Pins {
  const path = join(directory, "pins.json");
  if (!existsSync(path)) throw new ConfigError(`There is no pins.json in ${directory}; take it from the project.`);
  return parsePins(readFileSync(path, "utf8"));
}

/** The checked configuration and pins of a project's folder, with neither Pulumi nor network. @throws ConfigError */
export function readFleet(directory: string): { readonly fleet: Fleet; readonly pins: Pins } {
  return { fleet: resolve(readSources(directory)), pins: readPins(directory) };
}
