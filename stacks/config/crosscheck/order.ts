import { didYouMean } from "../parse.ts";

interface Node {
  readonly name: string;
  readonly dependsOn: readonly string[];
}

/** Everything that has to come before, near or far. */
function before(name: string, nodes: ReadonlyMap<string, Node>, seen = new Set<string>()): ReadonlySet<string> {
  for (const each of nodes.get(name)?.dependsOn ?? []) {
    if (seen.has(each)) continue;
    seen.add(each);
    before(each, nodes, seen);
  }
  return seen;
}

/** Entries of `dependsOn` that name nothing, or lead back to where they are; Flux would wait for both without end. */
export function unorderable(nodes: readonly Node[], known: readonly string[]) {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  return nodes.flatMap(({ name, dependsOn }) =>
    dependsOn.flatMap((each, index) => {
      if (!known.includes(each)) {
        return [{ name, index, message: `there is no ${each} to wait for${didYouMean(each, known)}` }];
      }
      const circular = each === name || before(each, byName).has(name);
      return circular
        ? [{ name, index, message: `${each} waits for ${name} itself, so neither would ever start` }]
        : [];
    }),
  );
}
