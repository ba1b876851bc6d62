/** A configuration in which some apps have files of their own, by the rules of docs/applications.md. */
import { parse, stringify } from "yaml";
import type { Texts } from "../stacks/config/files.ts";

type Mapping = { [key: string]: unknown };

/** Takes an entry out of a mapping. */
function taken(from: unknown, name: string): unknown {
  const mapping = from as Mapping;
  const value = mapping[name];
  delete mapping[name];
  return value;
}

/** Of a project called k3s-stages; comments are lost. */
export function movedApps(texts: Texts, names: readonly string[]): { [file: string]: string } {
  const documents = Object.entries(texts).map(([file, text]) => [file, parse(text) as { config: Mapping }] as const);
  const [[, project] = [], ...stacks] = documents.toSorted(([a], [b]) => a.length - b.length);
  const shared = project?.config["apps"] as { value: Mapping };
  const files = names.map((name) => {
    const overrides = stacks.map(([file, { config }]) => {
      return [file.split(".")[1], taken(config["k3s-stages:overrides"], name)] as const;
    });
    const app = taken(shared.value, name) as object;
    return [`apps/${name}.yaml`, stringify({ ...app, overrides: Object.fromEntries(overrides) })] as const;
  });
  const written = documents.map(([file, document]) => [file, stringify(document)] as const);
  return Object.fromEntries([...written, ...files]);
}
