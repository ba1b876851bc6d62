import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { guarded, treeOf } from "./fleets.ts";
import { buildOracle, buildTimeout, describeWithGo } from "./go-oracle.ts";

const workflows = join(import.meta.dirname, "../.github/workflows");

describeWithGo("actionlint (skipped where there is no Go)", () => {
  let folder = "";
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "k3s-stages-actionlint-"));
    const command = "github.com/rhysd/actionlint/cmd/actionlint";
    await buildOracle({ binary: join(folder, "actionlint"), module: "actionlint", command });
  }, buildTimeout);
  afterAll(() => rmSync(folder, { recursive: true }));

  const lint = (input = "") => {
    const { stdout, stderr, status } = spawnSync(join(folder, "actionlint"), ["-"], { input, encoding: "utf8" });
    return { status, output: `${stdout}${stderr}` };
  };
  const { files } = treeOf("prod", guarded);
  const text = files[".github/workflows/flux-pull-requests.yaml"];

  it("finds nothing wrong with the workflows that keep and check the pull requests", () => {
    expect(lint(text)).toEqual({ status: 0, output: "" });
    expect(lint(files[".github/workflows/flux-merge-check.yaml"])).toEqual({ status: 0, output: "" });
  });

  it.each(readdirSync(workflows))("finds nothing wrong with %s", (name) => {
    expect(lint(readFileSync(join(workflows, name), "utf8"))).toEqual({ status: 0, output: "" });
  });

  it("finds a right that does not exist", () => {
    expect(lint(text?.replace("pull-requests: write", "pull-requestz: write")).output).toContain("pull-requestz");
  });
});
