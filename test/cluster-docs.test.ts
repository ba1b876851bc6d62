import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { resolve } from "../stacks/config/resolve.ts";
import { seedSources } from "./sources.ts";

const text = readFileSync(join(import.meta.dirname, "../docs/cluster.md"), "utf8");
const examples = [...text.matchAll(/```yaml\n# ([^\n]*)\n([\s\S]*?)```/g)].map(([, title = "", yaml = ""]) => ({
  title,
  yaml,
}));

describe("docs/cluster.md", () => {
  it.each(examples)("shows a cluster that is taken as it stands: $title", ({ yaml }) => {
    const { stages } = resolve(seedSources({ "Pulumi.dev.yaml": { cluster: parse(yaml) } }));
    expect(stages[0]?.cluster.network).toBe("10.10.0.0/16");
  });

  it("has examples", () => expect(examples).toHaveLength(3));
});
