/** Biome refuses circles of files (noImportCycles), not circles of folders, each of which can only be read with all the others. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "..");

/** Without test/, which knows all of them, and which the commands that run it know. */
const tops = ["bench", "commands", "provider", "sandbox", "stacks"];

const files = tops.flatMap((top) =>
  readdirSync(join(root, top), { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(ts|mjs)$/.test(path))
    .map((path) => join(top, path)),
);

type Import = readonly [from: string, to: string];

/** Types too: what a file has to be read with. */
const imports: readonly Import[] = files.flatMap((file) => {
  const named = readFileSync(join(root, file), "utf8").matchAll(/\b(?:from|import)\s*\(?\s*"(\.[^"]+)"/g);
  return [...named].map(([, path = ""]): Import => [file, join(dirname(file), path)]);
});

/** The folders right below a common one that two files are in; a file beside them puts them together, and may know all. */
function neighbours([from, to]: Import): readonly Import[] {
  const [a, b] = [dirname(from).split("/"), dirname(to).split("/")];
  const apart = a.findIndex((segment, depth) => segment !== b[depth]);
  if (apart < 0 || b[apart] === undefined) return [];
  return [[a.slice(0, apart + 1).join("/"), b.slice(0, apart + 1).join("/")]];
}

function circles(edges: readonly Import[]): readonly string[] {
  const next = Map.groupBy(edges, ([from]) => from);
  const reached = (start: string): ReadonlySet<string> => {
    const found = new Set<string>();
    const open = [start];
    for (const folder of open) {
      for (const [, to] of next.get(folder) ?? []) {
        if (!found.has(to)) open.push(to);
        found.add(to);
      }
    }
    return found;
  };
  return [...next.keys()].filter((folder) => reached(folder).has(folder)).toSorted();
}

it("no folder is built on one that is built on it", () => {
  const edges = imports.flatMap(neighbours);
  expect(edges).toContainEqual(["stacks/publish", "stacks/tree"]);
  expect(circles(edges)).toEqual([]);
});

it("a circle is seen, however many folders it leads through", () => {
  const around: readonly Import[] = [
    ["stacks/a/x.ts", "stacks/b/y.ts"],
    ["stacks/b/deep/z.ts", "stacks/c/x.ts"],
    ["stacks/c/x.ts", "stacks/a/deep/x.ts"],
    ["stacks/d/x.ts", "stacks/a/x.ts"],
  ];
  expect(circles(around.flatMap(neighbours))).toEqual(["stacks/a", "stacks/b", "stacks/c"]);
});
