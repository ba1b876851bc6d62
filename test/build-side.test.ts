/** The example workflow of docs/build-side.md: its tag step is run as it stands there, with real git. */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { Channel } from "../stacks/config/fleet.ts";
import { accepts } from "../stacks/config/tags/channel.ts";
import { gitEnv } from "./git-remote.ts";

interface Step {
  readonly name: string;
  readonly id?: string;
  readonly run?: string;
  readonly uses?: string;
}

interface Job {
  readonly permissions: object;
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly permissions: object;
  readonly concurrency: object;
  readonly jobs: { readonly [name: string]: Job };
}

const text = readFileSync(join(import.meta.dirname, "../docs/examples/build.yaml"), "utf8");
const workflow = parse(text) as Workflow;
const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);
const script = steps.find(({ id }) => id === "tag")?.run ?? "";

const channels: { readonly [branch: string]: Channel } = {
  main: { kind: "stable" },
  stage: { kind: "prerelease", id: "stage" },
  develop: { kind: "prerelease", id: "develop" },
};

let folder = "";
let remote = "";
let clone = "";

const git = (...args: readonly string[]) =>
  execFileSync("git", args, { cwd: clone, env: gitEnv, encoding: "utf8", stdio: "pipe" }).trim();

const commit = (message: string) => git("commit", "--quiet", "--allow-empty", "-m", message);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "k3s-stages-build-"));
  remote = join(folder, "remote.git");
  clone = join(folder, "clone");
  mkdirSync(clone);
  execFileSync("git", ["init", "--quiet", "--bare", remote]);
  git("init", "--quiet", "-b", "main");
  git("remote", "add", "origin", remote);
  commit("first");
});

afterEach(() => rmSync(folder, { recursive: true }));

/** As GitHub runs `shell: bash`. */
function runStep(branch: string, path = "") {
  const output = join(folder, "output");
  const file = join(folder, "step.sh");
  writeFileSync(output, "");
  writeFileSync(file, script);
  const { status, stderr } = spawnSync("bash", ["--noprofile", "--norc", "-eo", "pipefail", file], {
    cwd: clone,
    env: { ...gitEnv, BRANCH: branch, GITHUB_OUTPUT: output, PATH: `${path}${delimiter}${process.env["PATH"]}` },
    encoding: "utf8",
  });
  return { status, stderr, tag: readFileSync(output, "utf8").replace(/^tag=|\n/g, "") };
}

const nextTag = (branch: string) => runStep(branch).tag;

function tags(...names: readonly string[]): void {
  for (const name of names) git("tag", name);
  git("push", "--quiet", "origin", "--tags");
}

describe("the tag step", () => {
  it.each([
    ["main", "v0.0.1"],
    ["stage", "v0.0.1-stage.1"],
    ["develop", "v0.0.1-develop.1"],
  ])("starts on %s with %s", (branch, tag) => {
    expect(nextTag(branch)).toBe(tag);
    expect(git("ls-remote", "--tags", "origin")).toContain(`refs/tags/${tag}`);
  });

  it.each(Object.keys(channels))("makes tags of %s that its own stage takes, and no other", (branch) => {
    tags("v1.9.31");
    const tag = nextTag(branch);
    const takers = Object.keys(channels).filter((each) => accepts(channels[each] ?? { kind: "stable" }, tag));
    expect(takers).toEqual([branch]);
  });

  it("gives the article's tags after the article's release", () => {
    tags("v1.9.31", "v1.9.30", "v1.9.4");
    expect(nextTag("develop")).toBe("v1.9.32-develop.1");
    expect(nextTag("develop")).toBe("v1.9.32-develop.2");
    expect(nextTag("stage")).toBe("v1.9.32-stage.1");
    expect(nextTag("main")).toBe("v1.9.32");
    expect(nextTag("develop")).toBe("v1.9.33-develop.1");
  });

  it("counts by number, not by letter", () => {
    tags("v1.9.31", "v1.9.32-develop.9", "v1.9.32-develop.10");
    expect(nextTag("develop")).toBe("v1.9.32-develop.11");
  });

  it("uses no tag twice, though the commit is the same", () => {
    tags("v1.0.0");
    const made = [nextTag("main"), nextTag("main"), nextTag("stage"), nextTag("stage")];
    expect(new Set(made).size).toBe(4);
  });

  it("sees no version in other tags", () => {
    tags("v1.2.3", "v9.9", "release-8", "v7.7.7.7", "v1.2.08", "v5.0.0-rc.1", "1.9.9", "v1.2.4-developer.9");
    expect(nextTag("develop")).toBe("v1.2.4-develop.1");
  });

  it.each([
    ["fix: a typo", "v1.2.4"],
    ["feat(web): a page", "v1.3.0"],
    ["feat!: another API", "v2.0.0"],
    ["fix: x\n\nBREAKING CHANGE: y", "v2.0.0"],
  ])("raises the number that the commits since the release ask for: %j", (message, tag) => {
    tags("v1.2.3");
    commit(message);
    expect(nextTag("main")).toBe(tag);
    expect(nextTag("main")).toBe(tag.replace(/\d+$/, (patch) => `${Number(patch) + 1}`));
  });

  it("never falls below what the channel has, which would not run", () => {
    tags("v1.9.31", "v2.0.0-develop.3");
    expect(nextTag("develop")).toBe("v2.0.0-develop.4");
    expect(nextTag("stage")).toBe("v1.9.32-stage.1");
  });

  it("takes the next tag when somebody else was first", () => {
    tags("v1.0.0");
    // Between the step's fetch and its push somebody pushes the very tag that it has chosen.
    const real = execFileSync("which", ["git"], { encoding: "utf8" }).trim();
    const shim = join(folder, "bin");
    mkdirSync(shim);
    const raced = `[ "$1" = push ] && [ ! -e ${folder}/raced ] && { touch ${folder}/raced; ${real} --git-dir=${remote} tag v1.0.1 v1.0.0; }`;
    writeFileSync(join(shim, "git"), `#!/bin/sh\n${raced}\nexec ${real} "$@"\n`);
    chmodSync(join(shim, "git"), 0o755);
    expect(runStep("main", shim)).toMatchObject({ status: 0, tag: "v1.0.2" });
  });

  it("gives up in words when the tag is refused every time", () => {
    writeFileSync(join(remote, "hooks/pre-receive"), "#!/bin/sh\necho tags are protected >&2\nexit 1\n");
    chmodSync(join(remote, "hooks/pre-receive"), 0o755);
    const { status, stderr, tag } = runStep("main");
    expect({ status, tag }).toEqual({ status: 1, tag: "" });
    expect(stderr).toContain("tags are protected");
    expect(stderr).toContain("The tag v0.0.1 could not be pushed in five attempts");
    expect(git("tag", "--list")).toBe("");
  });

  it("knows no other branch", () => {
    const { status, stderr, tag } = runStep("feature/x");
    expect({ status, tag }).toEqual({ status: 1, tag: "" });
    expect(stderr).toContain("The branch feature/x has no channel");
  });
});

describe("the example workflow", () => {
  it("has no right but to write the tag and the image", () => {
    expect(workflow.permissions).toEqual({});
    expect(Object.values(workflow.jobs).map(({ permissions }) => permissions)).toEqual([
      { contents: "write", packages: "write" },
      {},
    ]);
  });

  it("uses nobody's action, and puts nothing that a branch could be called into a script", () => {
    expect(steps.filter(({ uses }) => uses !== undefined)).toEqual([]);
    expect(steps.filter(({ run = "" }) => run === "" || run.includes("${{"))).toEqual([]);
  });

  it("lets a waiting run give way to one of its own branch only", () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: GitHub's own expression
    expect(workflow.concurrency).toEqual({ group: "build-${{ github.ref }}", "cancel-in-progress": false });
  });

  it("builds, then reserves the tag, then pushes, and knows nothing of deployment", () => {
    expect(workflow.jobs["build"]?.steps.map(({ name }) => name)).toEqual(["Check out", "Build", "Tag", "Push"]);
    expect(steps.filter(({ run = "" }) => /kubectl|helm|flux/.test(run))).toEqual([]);
  });
});

const hasShellcheck = spawnSync("shellcheck", ["--version"]).status === 0;

describe.skipIf(!hasShellcheck && !process.env["CI"])("shellcheck", () => {
  it.each(steps.map(({ name, run = "" }) => [name, run] as const))("finds nothing in the step %s", (_, run) => {
    const { stdout } = spawnSync("shellcheck", ["--shell=bash", "--exclude=SC2016", "-"], {
      input: `set -eo pipefail\n${run}`,
      encoding: "utf8",
    });
    expect(stdout).toBe("");
  });
});
