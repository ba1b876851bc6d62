import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ConfigError } from "../stacks/config/error.ts";
import { resolve } from "../stacks/config/resolve.ts";
import { sourcesOf } from "../stacks/config/sources.ts";
import { type Edits, seedSources } from "./sources.ts";

const folder = join(import.meta.dirname, "configs/invalid");

interface Mistake {
  /** Of test/faults.ts. */
  readonly fault?: string;
  readonly edits: Edits;
  readonly message: string;
}

const mistakes = readdirSync(folder).map((file) => ({
  name: file.replace(".yaml", ""),
  ...(parse(readFileSync(join(folder, file), "utf8")) as Mistake),
}));

function refusal(edits: Edits): string {
  try {
    resolve(seedSources(edits));
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "accepted";
}

describe("a wrong configuration is refused, with its place and the way out", () => {
  const named = mistakes.map(({ fault, ...mistake }) => ({
    ...mistake,
    name: `${mistake.name}${fault ? ` (${fault})` : ""}`,
  }));

  it.each(named)("$name", ({ edits, message }) => {
    expect(refusal(edits)).toBe(message.trimEnd());
  });

  it("has a corpus", () => expect(mistakes.length).toBeGreaterThan(30));
});

it("says what to rename after the project got another name", () => {
  const texts = { "Pulumi.yaml": "name: acme\n", "Pulumi.dev.yaml": "config:\n  k3s-stages:cluster: {}\n" };
  expect(() => sourcesOf(texts)).toThrow(
    "Pulumi.dev.yaml: its keys begin with k3s-stages:, and the project is called acme; rename them there to acme:…, or call the project k3s-stages in Pulumi.yaml.",
  );
});

describe("the seed's configuration", () => {
  const fleet = resolve(seedSources());

  it("has its stages in promotion order", () => {
    expect(fleet.stages.map(({ name, path }) => [name, path])).toEqual([
      ["dev", "clusters/dev"],
      ["stage", "clusters/stage"],
      ["prod", "clusters/production"],
    ]);
  });

  it("has its three applications in every stage, each with its own first tag", () => {
    expect(fleet.stages.map(({ apps }) => apps.map(({ name, tag }) => `${name} ${tag}`))).toEqual([
      ["blog v1.9.32-develop.2", "other-app v0.4.0-develop.1", "second-other-app v2.0.0-develop.7"],
      ["blog v1.9.32-stage.1", "other-app v0.3.9-stage.4", "second-other-app v2.0.0-stage.2"],
      ["blog v1.9.31", "other-app v0.3.8", "second-other-app v1.8.0"],
    ]);
  });

  it("fills in what was left out", () => {
    const blog = fleet.stages[0]?.apps[0];
    expect(blog).toMatchObject({ namespace: "blog", replicas: 1, stages: ["dev", "stage", "prod"] });
    expect(fleet.repository.pushUrl).toBe(fleet.repository.url);
    expect(fleet.stages[0]?.cluster).toMatchObject({ networkZone: "eu-central", loadBalancer: "lb11" });
  });

  it("does not depend on the order in which pools and apps were written", () => {
    const pools = {
      b: { count: 1, type: "cpx22", subnet: "10.30.3.0/24" },
      a: { count: 1, type: "cpx22", subnet: "10.30.2.0/24" },
    };
    const written = resolve(seedSources({ "Pulumi.prod.yaml": { "cluster.pools": pools } }));
    const reversed = Object.fromEntries(Object.entries(pools).toReversed());
    expect(resolve(seedSources({ "Pulumi.prod.yaml": { "cluster.pools": reversed } }))).toEqual(written);
  });

  it("opens the API to the internet only when that is said", () => {
    const open = resolve(seedSources({ "Pulumi.dev.yaml": { "cluster.api.allow": ["everyone"] } }));
    expect(open.stages[0]?.cluster.api.allow).toEqual(["0.0.0.0/0", "::/0"]);
  });
});
