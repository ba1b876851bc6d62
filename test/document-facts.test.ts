/** What the documents say of the code beside commands: examples, prices, lists, a node's phases, what adopt finds. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { cliVersion } from "../sandbox/pulumi/install.ts";
import { nodeScripts } from "../stacks/cluster/node-scripts.ts";
import { nodePhases } from "../stacks/cluster/node-settings.ts";
import { resolve } from "../stacks/config/resolve.ts";
import { channel } from "../stacks/config/schema/channel.ts";
import { verdict } from "../stacks/preflight/preflight.ts";
import { bill } from "../stacks/preflight/price.ts";
import { priceTable } from "../stacks/preflight/report.ts";
import { documents, read } from "./documents.ts";
import { planOf } from "./node-plan.ts";
import * as preflight from "./preflight-plan.ts";
import { seedSources } from "./sources.ts";

const root = join(import.meta.dirname, "..");
const document = (name: string) => read(`docs/${name}`);
const text = document("cluster.md");
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

/** `# Pulumi.prod.yaml`, or nothing but keys of a stage's file; the second word is the key below which the rest stands. */
const ofFile = /^(?:# (Pulumi[\w.]*\.yaml)(?:, (?:below )?(\w+))?|(?=k3s-stages:))/;
const configurations = documents.flatMap((name) =>
  [...read(name).matchAll(/```yaml\n([\s\S]*?)```/g)].flatMap(([, yaml = ""]) => {
    const [found, file = "Pulumi.prod.yaml", below = "config"] = ofFile.exec(yaml) ?? [];
    return found === undefined ? [] : [{ name, file, below, yaml, title: yaml.split("\n")[0] }];
  }),
);

/** To the second level below a key, so that what the seed has beside it stays. */
function leaves(path: string, value: unknown, depth = 2): readonly (readonly [string, unknown])[] {
  if (depth === 0 || typeof value !== "object" || value === null || Array.isArray(value)) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(`${path}.${key}`, inner, depth - 1));
}

/** What is wrong with the seed's configuration when it has this too. */
function problems({ file, below, yaml }: (typeof configurations)[number]): string {
  const edits = Object.entries(parse(yaml)).flatMap(([name, value]) => {
    const key = name.replace("k3s-stages:", "");
    const shared = below === "config" && file === "Pulumi.yaml" ? (value as { readonly value: unknown }).value : value;
    return leaves(below === "config" ? key : `${below}.${key}`, shared);
  });
  try {
    resolve(seedSources({ [file]: Object.fromEntries(edits) }));
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

describe("an example of the configuration in a document", () => {
  it("is found in each that has some", () => expect(configurations.length).toBeGreaterThan(12));

  // Rules between values are left out: an example shows one side of what belongs together.
  it.each(configurations)("has keys and values of the schema: $name, $title", (example) => {
    expect(problems(example)).not.toMatch(/: (unknown |missing |must be )/);
  });
});

describe("docs/channels.md", () => {
  const lists = [...document("channels.md").matchAll(/```yaml\n(- [\s\S]*?)```/g)].flatMap(([, yaml = ""]) =>
    (parse(yaml) as readonly { readonly channel: unknown }[]).map((stage) => stage.channel),
  );
  const rows = [...document("channels.md").matchAll(/^\| `(stable|\{.*?\})` \|/gm)].map(([, cell = ""]) => parse(cell));

  it("shows channels that there are", () => {
    expect([lists.length, rows.length]).toEqual([2, 6]);
    for (const each of [...lists, ...rows]) expect(channel.safeParse(each)).toMatchObject({ success: true });
  });
});

describe("what a stage costs", () => {
  const month = (stage: string) => bill(preflight.question(preflight.planOf(stage)));

  it("is in README.md, for each of the stages", () => {
    const told = [...read("README.md").matchAll(/^\| (\w+) \| .*cp?x\d+.* \| ([\d.]+) \|$/gm)];
    expect(told.map(([, stage]) => stage)).toEqual(["dev", "stage", "prod"]);
    for (const [, stage = "", euros] of told) expect(month(stage)?.after.net.toFixed(2)).toBe(euros);
  });

  it("is shown in docs/preflight.md as a preview shows it, and so is what cannot be had", () => {
    const text = document("preflight.md");
    const prod = month("prod");
    for (const line of prod ? priceTable("prod", prod).split("\n") : ["none"]) expect(text).toContain(`    ${line}\n`);
    const plan = preflight.planOf("prod", { "cluster.pools.web.type": "cax11" });
    const { refusals } = verdict(plan, { reading: preflight.reading(), now: preflight.now });
    const inOneLine = text.replaceAll(/\n {2}/g, " ");
    for (const refusal of refusals) expect(inOneLine).toContain(refusal.replace(/^\S+ /, ""));
    expect(refusals).toHaveLength(1);
  });
});

describe("what has to be installed", () => {
  const versions = [JSON.parse(read("package.json")).engines.node.slice(2), cliVersion.replace(/\.\d+$/, "")];

  it.each(["README.md", "docs/first-stage.md"])("is of the versions that it was tried with: %s", (name) => {
    for (const version of versions) expect(read(name)).toContain(` ${version}`);
  });
});

describe("a list in a document", () => {
  it("of README.md has each folder of stacks", () => {
    const folders = readdirSync(join(root, "stacks"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.filter(({ name }) => !read("README.md").includes(`stacks/${name}/`))).toEqual([]);
  });

  it("of docs/performance.md has each bench", () => {
    const benches = [...read("bench/main.ts").matchAll(/^ {2}"?([\w-]+)"?: bench\w+,$/gm)].map(([, name = ""]) => name);
    const told = [...document("performance.md").matchAll(/^\| `([\w-]+)` \|.*\| ≤/gm)].map(([, name = ""]) => name);
    expect(told.toSorted()).toEqual(benches.toSorted());
  });
});

describe("a table in a document", () => {
  const cells = (row: string): number => row.replaceAll("\\|", "").split("|").length;

  // GitHub takes a bar for the end of a cell even where it stands between backticks.
  it.each(documents)("has as many cells in each row as in its head: %s", (name) => {
    const tables = read(name).match(/(?:^\|.*\n)+/gm) ?? [];
    const odd = tables.flatMap((table) => {
      const [head = "", ...rows] = table.trimEnd().split("\n");
      return rows.filter((row) => cells(row) !== cells(head));
    });
    expect(odd).toEqual([]);
  });
});

describe("docs/nodes.md", () => {
  const rows = [...document("nodes.md").matchAll(/^\| `([a-z-]+)` \| (all|first)[^|]*\|.*\| (\d+) (min|h) \|$/gm)];
  const told = new Map(
    rows.map(([, phase = "", , count, unit]) => [phase, Number(count) * (unit === "h" ? 3600 : 60)]),
  );

  it("has the phases of every node, in their order", () => {
    const first = planOf("prod", "server-1");
    if (first.secrets.kind !== "first") throw new Error("server 1 is not the first");
    const plans = [
      { ...first, secrets: { ...first.secrets, given: [] } },
      planOf("prod", "server-2"),
      planOf("prod", "web-1"),
    ];
    for (const plan of plans) {
      const phases = nodePhases(plan);
      expect([...told.keys()].filter((phase) => phases.includes(phase))).toEqual(phases);
    }
    expect([...told.keys()].toSorted()).toEqual([...new Set(plans.flatMap(nodePhases))].toSorted());
  });

  it("says when each gives up, as the unit's script has it", () => {
    const budgets = /budget\(\) \{\n(.*?)\n\}/s.exec(nodeScripts()["bootstrap.sh"] ?? "")?.[1] ?? "";
    const seconds = [...budgets.matchAll(/^ *(\S.*)\) echo (\d+)/gm)].map(([, names = "", count]) => ({
      names,
      count,
    }));
    const budget = (phase: string) =>
      seconds.find(({ names }) => names === "*" || names.split(" | ").includes(phase))?.count;
    expect([...told].map(([phase, count]) => [phase, String(count)])).toEqual(
      [...told.keys()].map((phase) => [phase, budget(phase)]),
    );
  });
});

describe("docs/adopt.md", () => {
  it("lists codes that adopt finds, and each of them", () => {
    const files = [
      ...readdirSync(join(root, "stacks/adopt")).map((file) => `stacks/adopt/${file}`),
      "commands/adopt.ts",
    ];
    const code = files.map((file) => readFileSync(join(root, file), "utf8")).join("");
    const listed = [...document("adopt.md").matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = ""]) =>
      [...cell.matchAll(/`([a-z0-9-]+)`/g)].map(([, name = ""]) => name),
    );
    expect(listed.length).toBeGreaterThan(30);
    expect(listed.filter((name) => !code.includes(`"${name}"`))).toEqual([]);
    // Words of the code that are none: a rollout, and the namespace of Flux.
    const words = [...code.matchAll(/"([a-z]+(?:-[a-z0-9]+)+)"/g)].map(([, word = ""]) => word);
    expect(words.filter((word) => !["pull-request", "flux-system", ...listed].includes(word))).toEqual([]);
  });
});
