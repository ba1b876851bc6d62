/**
 * Applications with a file of their own. `apps/<name>.yaml` has the keys of `apps.<name>` in Pulumi.yaml and, below `overrides`,
 * by stage, those of `overrides.<name>` in Pulumi.<stage>.yaml. Pulumi does not know these files: so many of them as there may
 * be, they do not count against what it can hand to a program (size.ts).
 */
import type { Problem } from "./error.ts";
import { didYouMean } from "./parse.ts";
import type { Source, Sources, Values } from "./sources.ts";

const isMapping = (value: unknown): value is Values =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Not what every object has, such as `constructor`, which is a name like others. */
const has = (value: unknown, name: string): value is Values => isMapping(value) && Object.hasOwn(value, name);

/** The path of an app's file, from the project's folder on. */
export const appFile = (name: string): string => `apps/${name}.yaml`;

interface Merged {
  readonly sources: Sources;
  readonly problems: readonly Problem[];
}

/** An app that two files have: whoever edits one of them would be surprised by the other. */
function twice({ shared, stacks, apps }: Sources): readonly Problem[] {
  const others = [
    { file: shared.file, key: "apps", names: shared.values["apps"] },
    ...Object.values(stacks).map(({ file, values }) => ({ file, key: "overrides", names: values["overrides"] })),
  ];
  return others.flatMap(({ file, key, names }) =>
    Object.keys(apps).flatMap((name) => {
      if (!has(names, name)) return [];
      return [{ file, path: [key, name], message: `${name} has a file of its own: say it in ${appFile(name)} only` }];
    }),
  );
}

function overrideProblems({ apps, stacks }: Sources): readonly Problem[] {
  const stages = Object.keys(stacks);
  return Object.values(apps).flatMap(({ file, values }) => {
    const overrides = values["overrides"] ?? {};
    if (!isMapping(overrides)) return [{ file, path: ["overrides"], message: "must be a mapping, by stage" }];
    const strange = Object.keys(overrides).filter((stage) => !stages.includes(stage));
    return strange.map((stage) => ({
      ...{ file, path: ["overrides", stage] },
      message: `there is no stage ${stage}${didYouMean(stage, stages)}`,
    }));
  });
}

/** A source with more entries below one of its keys; as it is, where that key is no mapping, which its schema says. */
function withEntries(source: Source, key: string, more: Values): Source {
  const own = source.values[key] ?? {};
  if (!isMapping(own) || Object.keys(more).length === 0) return source;
  return { ...source, values: { ...source.values, [key]: { ...own, ...more } } };
}

/** All apps where the schema looks for them, whichever file has them, and what only their files can have wrong. */
export function withAppFiles(sources: Sources): Merged {
  const all = Object.entries(sources.apps);
  const shared = all.map(([name, { values }]) => {
    const { overrides: _, ...rest } = values;
    return [name, rest] as const;
  });
  const own = (stage: string) =>
    all.flatMap(([name, { values }]) => {
      const overrides = values["overrides"];
      return has(overrides, stage) ? [[name, overrides[stage]] as const] : [];
    });
  const stacks = Object.entries(sources.stacks).map(([stage, source]) => {
    return [stage, withEntries(source, "overrides", Object.fromEntries(own(stage)))] as const;
  });
  return {
    sources: {
      ...sources,
      shared: withEntries(sources.shared, "apps", Object.fromEntries(shared)),
      stacks: Object.fromEntries(stacks),
    },
    problems: [...twice(sources), ...overrideProblems(sources)],
  };
}

/** Where people find what a problem is about, when the app has a file of its own. */
export function inAppFile(problem: Problem, { shared, stacks, apps }: Sources): Problem {
  const [key, name = "", ...rest] = problem.path;
  const app = Object.hasOwn(apps, name) ? apps[name] : undefined;
  if (app && key === "apps" && problem.file === shared.file) return { ...problem, file: app.file, path: rest };
  const stage = Object.entries(stacks).find(([, { file }]) => file === problem.file)?.[0];
  if (!(app && key === "overrides" && stage !== undefined)) return problem;
  return { ...problem, file: app.file, path: ["overrides", stage, ...rest] };
}
