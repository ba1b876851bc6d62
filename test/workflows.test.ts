import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { parse } from "yaml";
import { readFleet } from "../stacks/config/files.ts";

vi.setConfig({ testTimeout: 60_000 });

const root = join(import.meta.dirname, "..");
const workflows = join(root, ".github/workflows");
const names = readdirSync(workflows);
const text = (name: string) => readFileSync(join(workflows, name), "utf8");
const ownStages = readFleet(root).fleet.stages.map(({ name }) => name);

describe("the workflows", () => {
  it.each(names)("%s takes every action by its digest, and has no right that it does not name", (name) => {
    const used = [...text(name).matchAll(/uses: (\S+)(.*)/g)];
    for (const [, action, comment] of used) {
      expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
      expect(comment).toMatch(/ # v\d/);
    }
    expect(Object.values(parse(text(name)).permissions).filter((right) => right !== "read")).toEqual([]);
  });

  it("preview and update the stages of Pulumi.yaml, one after the other in promotion order", () => {
    expect(text("preview.yml")).toContain("run: .github/preview.sh\n");
    const { stages, up } = parse(text("deploy.yml")).jobs;
    const expression = (of: string) => `\${{ ${of} }}`;
    const matrix = { stage: expression("fromJSON(needs.stages.outputs.names)") };
    expect(up.strategy).toEqual({ "max-parallel": 1, "fail-fast": true, matrix });
    expect([up.needs, up.environment]).toEqual(["stages", expression("matrix.stage")]);
    const output = mkdtempSync(join(tmpdir(), "stages-"));
    const env = { ...process.env, GITHUB_OUTPUT: join(output, "out") };
    const { run: list } = stages.steps.find(({ id }: { readonly id?: string }) => id === "list");
    expect(spawnSync("bash", ["-e", "-c", list], { cwd: root, encoding: "utf8", env })).toMatchObject({ status: 0 });
    expect(readFileSync(env.GITHUB_OUTPUT, "utf8")).toBe(`names=${JSON.stringify(ownStages)}\n`);
    rmSync(output, { recursive: true });
  });

  it("give a pull request of a fork no secret", () => {
    const withSecrets = names.filter((name) => text(name).includes("secrets."));
    expect(withSecrets).toEqual(["deploy.yml", "preview.yml"]);
    expect(parse(text("preview.yml")).jobs.preview.if).toContain("head.repo.full_name == github.repository");
    expect(Object.keys(parse(text("deploy.yml")).on)).toEqual(["push", "workflow_dispatch"]);
    expect(names.filter((name) => text(name).includes("pull_request_target"))).toEqual([]);
  });

  it.skipIf(spawnSync("shellcheck", ["--version"]).status !== 0 && process.env["CI"] !== "true")(
    "call scripts in which shellcheck finds nothing",
    () => {
      const { stdout } = spawnSync("shellcheck", [".github/preview.sh", ".github/up.sh"], {
        cwd: root,
        encoding: "utf8",
      });
      expect(stdout).toBe("");
    },
  );
});

/** A program of GitHub's or Pulumi's that does what a line of shell says. */
function standIn(folder: string, name: string, script: string): void {
  const file = join(folder, name);
  writeFileSync(file, `#!/usr/bin/env bash\n${script}\n`);
  chmodSync(file, 0o755);
}

const answer = JSON.stringify({
  steps: [{ op: "create", urn: "a::b", newState: { type: "hcloud:index/server:Server", inputs: {} } }],
});

describe("the comment on a pull request", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "preview-"));
    standIn(folder, "pulumi", `[ "$3" = stage ] && { echo "no such stack" >&2; exit 1; }\ncat <<'E'\n${answer}\nE`);
    standIn(
      folder,
      "gh",
      `echo "$*" >> "${folder}/calls"
for each in "$@"; do case "$each" in body=@*) cp "\${each#body=@}" "${folder}/body";; esac; done
case "$*" in *--paginate*) cat "${folder}/comments" 2>/dev/null || true;; esac`,
    );
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const run = (...named: readonly string[]) =>
    spawnSync("bash", [".github/preview.sh", ...named], {
      cwd: root,
      encoding: "utf8",
      env: {
        ...process.env,
        PATH: `${folder}${delimiter}${process.env["PATH"]}`,
        GITHUB_STEP_SUMMARY: join(folder, "summary"),
        GITHUB_REPOSITORY: "acme/stages",
        PULL_REQUEST: "7",
      },
    });
  const calls = () => readFileSync(join(folder, "calls"), "utf8");

  it("is made once with every stage, fails where a stage does, and says why", () => {
    expect(run("dev", "stage")).toMatchObject({ status: 1, stderr: "" });
    expect(calls()).toContain("--method POST repos/acme/stages/issues/7/comments");
    const body = readFileSync(join(folder, "body"), "utf8");
    expect(body).toMatch(/^<!-- k3s-stages: preview -->\n### dev: 1 to create\n/);
    expect(body).toContain("### stage: the preview failed\n```\nno such stack\n```");
    expect(readFileSync(join(folder, "summary"), "utf8")).toContain("### dev: 1 to create");
  });

  it("has every configured stage where none is named", () => {
    expect(run()).toMatchObject({ status: 1, stderr: "" });
    const titles = readFileSync(join(folder, "body"), "utf8").match(/^### \w+/gm);
    expect(titles).toEqual(ownStages.map((name) => `### ${name}`));
  });

  it("is edited in place from then on", () => {
    writeFileSync(join(folder, "comments"), "4711\n4712\n");
    run("dev");
    expect(calls()).toContain("--method PATCH repos/acme/stages/issues/comments/4711");
    expect(calls()).not.toContain("POST");
  });
});
