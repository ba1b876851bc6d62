import { yamlPackage } from "../yaml/package.ts";
import type { Problem } from "./error.ts";
import type { Source, Sources } from "./sources.ts";

type Path = readonly (string | number)[];
type Locate = (path: Path) => string;

/** Where a path stands in the file: Pulumi.yaml keeps values under `value`, a stack does not, an app's file has nothing above. */
function inFile([key = "", ...rest]: Path, project: string): readonly Path[] {
  return [
    ["config", key, "value", ...rest],
    ["config", `${project}:${key}`, ...rest],
    ["config", `${project}:${key}`, "value", ...rest],
    ["config", key, ...rest],
    [key, ...rest],
  ];
}

/** `:12` for the deepest part of the path that the file has; nothing when the value is not from the file. */
function locator({ text }: Source, project: string): Locate {
  const { LineCounter, parseDocument } = yamlPackage();
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, keepSourceTokens: true });
  const lineOf = (path: Path): number | undefined => {
    const pair = document.getIn(path, true) as { range?: readonly [number, number, number] } | undefined;
    return pair?.range ? lines.linePos(pair.range[0]).line : undefined;
  };
  return (path) => {
    for (let depth = path.length; depth > 0; depth--) {
      const line = inFile(path.slice(0, depth), project).map(lineOf).find(Boolean);
      if (line !== undefined) return `:${line}`;
    }
    return "";
  };
}

const dotted = (path: Path): string =>
  path.map((key, index) => (typeof key === "number" ? `[${key}]` : `${index > 0 ? "." : ""}${key}`)).join("");

/** Every problem as `Pulumi.prod.yaml:12 cluster.network: what is wrong and the way out`, each said once. */
export function located(problems: readonly Problem[], sources: Sources): readonly string[] {
  if (problems.length === 0) return [];
  const all = [sources.shared, ...Object.values(sources.stacks), ...Object.values(sources.apps)];
  const files = new Set(problems.map(({ file }) => file));
  const wrong = all.filter(({ file }) => files.has(file));
  const locators = new Map(wrong.map((source) => [source.file, locator(source, sources.project)]));
  const lines = problems.map(
    ({ file, path, message }) =>
      `${file}${locators.get(file)?.(path) ?? ""}${path.length > 0 ? ` ${dotted(path)}` : ""}: ${message}`,
  );
  return [...new Set(lines)];
}

/** Every problem on a line of its own, below a heading with their number. */
export const explain = (problems: readonly Problem[], sources: Sources): string =>
  [
    `The configuration is not valid (${problems.length}):`,
    ...located(problems, sources).map((line) => `  ${line}`),
  ].join("\n");
