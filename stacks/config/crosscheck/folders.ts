import type { Problem } from "../error.ts";
import type { StackKeys, Written } from "../schema/schema.ts";
import { unorderable } from "./order.ts";
import { ownKustomizations } from "./reserved.ts";

type Kustomizations = StackKeys["kustomizations"];

/** The Kustomizations of one file, with where they are written. */
interface Source {
  readonly file: string;
  readonly path: readonly string[];
  readonly entries: Kustomizations;
}

/** Folders whose files are rendered; what is beside them is people's. */
function ownFolders({ shared: { stages, apps } }: Written): readonly string[] {
  const below = ["flux-system", "infrastructure", "apps", "notifications", "kustomizations"];
  return [
    ...stages.flatMap(({ path }) => below.map((each) => `${path}/${each}`)),
    ...Object.keys(apps).flatMap((app) =>
      ["base", ...stages.map(({ name }) => name)].map((each) => `apps/${app}/${each}`),
    ),
  ];
}

const overlaps = (a: string, b: string): boolean => a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);

function pathProblems({ file, path, entries }: Source, own: readonly string[]): readonly Problem[] {
  return Object.entries(entries).flatMap(([name, { path: folder }]) => {
    const clash = own.find((each) => overlaps(folder, each));
    const message = `${folder} has rendered files (${clash}), which two Kustomizations would own; use a folder of your own`;
    return clash ? [{ file, path: [...path, name, "path"], message }] : [];
  });
}

function nameProblems({ file, path, entries }: Source, taken: readonly string[]): readonly Problem[] {
  return Object.keys(entries)
    .filter((name) => taken.includes(name))
    .map((name) => ({
      file,
      path: [...path, name],
      message: `there is a Flux Kustomization ${name} already; use another name`,
    }));
}

/** Stage by stage, as a Kustomization waits only for those of its own cluster. */
function stageProblems(written: Written, stage: string, shared: Source): readonly Problem[] {
  const { stacks } = written;
  const own = { file: `Pulumi.${stage}.yaml`, path: ["kustomizations"], entries: stacks[stage]?.kustomizations ?? {} };
  const apps = Object.keys(stacks[stage]?.overrides ?? {});
  const taken = [...ownKustomizations, ...apps];
  const entries = { ...shared.entries, ...own.entries };
  const nodes = Object.entries(entries).map(([name, { dependsOn }]) => ({ name, dependsOn }));
  return [
    ...nameProblems(shared, taken),
    ...nameProblems(own, [...taken, ...Object.keys(shared.entries)]),
    ...unorderable(nodes, [...taken, ...Object.keys(entries)]).map(({ name, index, message }) => {
      const { file, path } = name in own.entries ? own : shared;
      return { file, path: [...path, name, "dependsOn", index], message };
    }),
  ];
}

/** Kustomizations for people's folders: beside what is rendered, under names of their own, in an order that ends. */
export function crosscheckFolders(written: Written): readonly Problem[] {
  const { infrastructure } = written.shared;
  const path = ["infrastructure", "kustomizations"];
  const shared = { file: "Pulumi.yaml", path, entries: infrastructure?.kustomizations ?? {} };
  const own = Object.entries(written.stacks).map(([stage, { kustomizations }]) => {
    return { file: `Pulumi.${stage}.yaml`, path: ["kustomizations"], entries: kustomizations };
  });
  const folders = ownFolders(written);
  const problems = [
    ...[shared, ...own].flatMap((source) => pathProblems(source, folders)),
    ...Object.keys(written.stacks).flatMap((stage) => stageProblems(written, stage, shared)),
  ];
  // What is shared is looked at in every stage, and said once.
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}
