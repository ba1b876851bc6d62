import type { Chosen } from "./chosen.ts";
import { type Preview, treeStep, treeType } from "./events.ts";
import { type ResourceChange, resourceChanges } from "./resources.ts";
import { type TreeChanges, treeChanges } from "./tree-changes.ts";

/** What one `pulumi up` of a stage would do; printed by `--json` as it is. */
export interface Effect extends TreeChanges {
  readonly stage: string;
  /** Every resource but the tree, whose change is its files'. */
  readonly resources: readonly ResourceChange[];
  /** The month at Hetzner and its change, as the check of Hetzner's own data says it; null where that was not asked. */
  readonly price: string | null;
  /** What changed policies would choose of the registries' tags; null where none was asked for. */
  readonly chosen: Chosen | null;
  readonly dangers: readonly string[];
  readonly warnings: readonly string[];
  readonly errors: readonly string[];
  readonly isChange: boolean;
}

const nothing: TreeChanges = { files: [], images: [], writers: [], policies: [], pruned: [] };

const plain = (message: string): string =>
  message
    .replace(/<\{%[^%]*%\}>/g, "")
    .replace(/^(warning|error|info): /, "")
    .trim();

/** From Pulumi's own answer, so that a plain `pulumi preview` agrees. */
export function effect(stage: string, { steps, diagnostics }: Preview, chosen: Chosen | null = null): Effect {
  const changes = resourceChanges(steps);
  const tree = treeStep(steps);
  const resources = changes.filter(({ type, change }) => type !== treeType || change === "delete");
  const told = tree ? treeChanges(tree) : nothing;
  const messages = (...severities: readonly string[]) =>
    (diagnostics ?? []).filter(({ severity }) => severities.includes(severity)).map(({ message }) => plain(message));
  const price = messages("info", "info#err").find((message) => message.includes("a month at Hetzner"));
  return {
    stage,
    price: price ?? null,
    resources,
    ...told,
    chosen,
    dangers: changes.flatMap(({ name, dangers }) => dangers.map((danger) => `${name}: ${danger}`)),
    warnings: [...new Set(messages("warning"))],
    errors: [...new Set(messages("error"))],
    isChange: changes.length > 0,
  };
}
