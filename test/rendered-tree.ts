/** The seed's repository as all its stages publish it, before any node has booted. */
import { resolve } from "../stacks/config/resolve.ts";
import { render } from "../stacks/gitops/render.ts";
import { versions } from "./fleets.ts";
import { type Edits, seedSources } from "./sources.ts";

export interface Files {
  readonly [path: string]: string;
}

/** Path to text. */
export function renderedTree(edits: Edits = {}): Files {
  const fleet = resolve(seedSources(edits));
  const trees = fleet.stages.map(({ name }) => render(fleet, name, versions));
  const empty = trees.flatMap(({ placeholders }) => placeholders.map((path) => [path, ""]));
  return Object.assign({}, ...trees.map(({ files }) => files), Object.fromEntries(empty));
}

const others = ["other-app", "second-other-app"];
const without = (key: string) => Object.fromEntries(others.map((app) => [`${key}.${app}`, null]));

/** Leaves the app `blog` alone. */
export const blogOnly: Edits = {
  "Pulumi.yaml": without("apps"),
  "Pulumi.dev.yaml": without("overrides"),
  "Pulumi.stage.yaml": without("overrides"),
  "Pulumi.prod.yaml": without("overrides"),
};
