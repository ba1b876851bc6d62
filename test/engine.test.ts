/**
 * The whole program on the real Pulumi engine, in a sandbox of its own: what mocks cannot see (check, diff, refresh, state).
 * Hetzner and the nodes are stand-ins.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseDocument } from "yaml";
import { filesWith, secretsInClear } from "../sandbox/inspection.ts";
import { layoutOf } from "../sandbox/layout.ts";
import { type OpenSandbox, openSandbox } from "../sandbox/open.ts";
import { withClone } from "../sandbox/repository.ts";
import { initStack } from "../sandbox/stage.ts";

const root = mkdtempSync(join(tmpdir(), "k3s-stages-engine-"));
const layout = layoutOf(join(import.meta.dirname, ".."), root);
const minutes = 60_000;

let sandbox: OpenSandbox;

beforeAll(async () => {
  sandbox = await openSandbox({ layout, signal: new AbortController().signal });
  await initStack(sandbox, "dev");
}, 10 * minutes);

afterAll(async () => {
  await sandbox?.close();
  rmSync(root, { recursive: true });
});

function edit(stage: string, path: readonly string[], value: unknown): void {
  const file = join(layout.work, `Pulumi.${stage}.yaml`);
  const document = parseDocument(readFileSync(file, "utf8"));
  document.setIn(["config", `k3s-stages:${path[0]}`, ...path.slice(1)], value);
  writeFileSync(file, document.toString({ lineWidth: 0 }));
}

interface Preview {
  readonly changeSummary: { readonly [operation: string]: number };
  readonly steps: readonly { readonly op: string; readonly urn: string; readonly detailedDiff?: object | null }[];
}

async function preview(stage = "dev"): Promise<Preview> {
  const { stdout } = await sandbox.pulumi(["preview", "--json", "--stack", stage]);
  return JSON.parse(stdout) as Preview;
}

const up = (stage = "dev") => sandbox.pulumi(["up", "--yes", "--skip-preview", "--stack", stage]);

const heads = () =>
  withClone({ repository: sandbox.services.repository, branch: "main" }, async (clone) => ({
    patch: readFileSync(join(clone, "apps/blog/dev/deployment-patch.yaml"), "utf8"),
  }));

const writes = () => sandbox.services.hetzner.journal.entries().filter(({ method }) => method !== "GET").length;

describe("the program on the real engine", { timeout: 2 * minutes }, () => {
  it("brings up a stage", async () => {
    const run = await up();
    expect(run.stdout + run.stderr).toContain("created");
    expect(run.code).toBe(0);
    expect((await heads()).patch).toContain("ghcr.io/acme/blog:v1.9.32-develop.2");
  });

  it("has nothing to change in a second preview", async () => {
    const { changeSummary } = await preview();
    expect(Object.keys(changeSummary)).toEqual(["same"]);
  });

  it("writes nothing to Hetzner in a second up", async () => {
    const before = writes();
    expect((await up()).code).toBe(0);
    expect(writes()).toBe(before);
  });

  it("updates one resource and replaces none when one field is edited", async () => {
    edit("dev", ["overrides", "blog", "replicas"], 2);
    const { changeSummary, steps } = await preview();
    expect(changeSummary["update"]).toBe(1);
    expect(Object.keys(changeSummary).toSorted()).toEqual(["same", "update"]);
    const [changed] = steps.filter(({ op }) => op === "update");
    expect(Object.keys(changed?.detailedDiff ?? {})).toEqual(['files["apps/blog/dev/deployment-patch.yaml"]']);
  });

  it("keeps every secret of the state encrypted", () => {
    expect(filesWith(layout.backend, secretsInClear)).toEqual([]);
  });
});
