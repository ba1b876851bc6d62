/** SHELL: the configuration as files on disk, for the program's sibling stages and for every command. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "./error.ts";
import type { Fleet } from "./fleet.ts";
import { type Pins, parsePins } from "./pins.ts";
import { resolve } from "./resolve.ts";
import { type Sources, sourcesOf } from "./sources.ts";

const projectFile = "Pulumi.yaml";

/** Every configuration file of a project's folder. @throws ConfigError when one cannot be read */
export function readSources(directory: string): Sources {
  if (!existsSync(join(directory, projectFile))) {
    throw new ConfigError(`There is no ${projectFile} in ${directory}; run this in the project's folder.`);
  }
  const stacks = readdirSync(directory).filter((file) => /^Pulumi\.[^.]+\.yaml$/.test(file));
  const texts = [projectFile, ...stacks.toSorted()].map((file) => [file, readFileSync(join(directory, file), "utf8")]);
  return sourcesOf(Object.fromEntries(texts));
}

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
