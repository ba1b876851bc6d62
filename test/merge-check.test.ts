/** The rendered merge check, as GitHub's runner would run it, on real git and with a stand-in for GitHub's API. */
import { spawnSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { parse } from "yaml";
import { resolve } from "../stacks/config/resolve.ts";
import { readStatuses, writeOpenPulls, writeStatuses } from "./fake-gh-statuses.ts";
import { treeOf } from "./fleets.ts";
import { gitRemote } from "./git-remote.ts";
import { placeGh, runStep } from "./github-runner.ts";
import { blogOnly, renderedTree } from "./rendered-tree.ts";
import { type Edits, seedSources } from "./sources.ts";

vi.setConfig({ testTimeout: 120_000 });

const path = ".github/workflows/flux-merge-check.yaml";
const prod = "apps/blog/prod/deployment-patch.yaml";
const stage = "apps/blog/stage/deployment-patch.yaml";
const branch = "flux/prod/blog";
const commits = { type: "github", address: "https://github.com/acme/gitops", secret: "github-token" };

type Keys = { readonly [key: string]: unknown };

const edits = (keys: Keys): Edits => ({
  ...blogOnly,
  "Pulumi.yaml": {
    ...blogOnly["Pulumi.yaml"],
    ...{ "repository.url": "ssh://git@github.com/acme/gitops", notifications: { providers: { commits } } },
  },
  "Pulumi.prod.yaml": {
    ...blogOnly["Pulumi.prod.yaml"],
    "overrides.blog.rollout": "pull-request",
    ...Object.fromEntries(Object.entries(keys).map(([key, value]) => [`overrides.blog.${key}`, value])),
  },
});
const workflowOf = (keys: Keys): string => treeOf("prod", resolve(seedSources(edits(keys)))).files[path] ?? "";
const stepOf = (text: string) => parse(text).jobs.promotion.steps[0];

describe.skipIf(spawnSync("jq", ["--version"]).status !== 0 && process.env["CI"] !== "true")(
  "the merge check (skipped without jq, which GitHub's runners have)",
  () => {
    let repo: ReturnType<typeof gitRemote>;
    beforeEach(() => {
      repo = gitRemote();
      placeGh(repo, "fake-gh-statuses.ts");
    });
    afterEach(() => repo.close());

    /** What the runner does. */
    function run(keys: Keys, more: { readonly [name: string]: string } = {}) {
      const text = workflowOf(keys);
      if (repo.read(path) !== text) repo.edit({ [path]: text });
      const step = stepOf(text);
      return runStep(repo, step.run, { ...step.env, ...more });
    }

    const at = (hoursAgo: number): string =>
      `${new Date(Date.now() - hoursAgo * 3_600_000).toISOString().slice(0, 19)}Z`;
    const told = (sha = repo.head(branch)) => {
      const own = readStatuses(repo.folder).filter((each) => each.context === "promotion" && each.sha === sha);
      return own.map(({ state, description }) => `${state}: ${description}`);
    };
    const judged = (keys: Keys) => {
      expect(run(keys)).toMatchObject({ status: 0 });
      return told().at(-1);
    };
    const move = (file: string, tag: string, to = "main") =>
      repo.edit({ [file]: (before) => before.replace(/blog:v\S+/, `blog:${tag}`) }, to);

    describe("of versions", () => {
      beforeEach(() => repo.edit(renderedTree(edits({}))));

      it("lets a higher one pass, and says so once", () => {
        move(prod, "v1.9.32", branch);
        expect(judged({})).toBe("success: no tag goes back");
        run({});
        expect(told()).toHaveLength(1);
      });

      it.each(["v1.9.30", "v1.9.4", "v0.10.0"])(
        "refuses %s below v1.9.31, unless that may be followed by it",
        (tag) => {
          move(prod, tag, branch);
          const words = "is lower than v1.9.31 in prod, and allowDowngrade does not name that";
          expect(judged({})).toBe(`failure: ${tag} of blog ${words}`);
          expect(judged({ allowDowngrade: "v1.9.30" })).toBe(`failure: ${tag} of blog ${words}`);
          expect(judged({ allowDowngrade: "v1.9.31" })).toBe("success: no tag goes back");
        },
      );

      it("holds a person's pull request to the same, and leaves other changes alone", () => {
        move(prod, "v1.9.30", "mine");
        repo.edit({ "notes.md": "hello\n" }, "notes");
        const [mine, notes] = [repo.head("mine"), repo.head("notes")];
        writeOpenPulls(repo.folder, [
          { number: 1, head: { sha: mine } },
          { number: 2, head: { sha: notes } },
        ]);
        run({});
        expect(told(mine)[0]).toMatch(/^failure: v1\.9\.30 of blog is lower/);
        expect(told(notes)).toEqual(["success: no tag goes back"]);
      });

      it("fetches the commit of a fork", () => {
        move(prod, "v1.9.30", "theirs");
        const sha = repo.head("theirs");
        repo.git("update-ref", "refs/pull/7/head", sha);
        repo.git("update-ref", "-d", "refs/heads/theirs");
        writeOpenPulls(repo.folder, [{ number: 7, head: { sha } }]);
        run({});
        expect(told(sha)[0]).toMatch(/^failure: v1\.9\.30/);
      });

      it.each([
        ["v1.9.32-rc.9", "v1.9.32-rc.10", "success"],
        ["v1.9.32-rc.10", "v1.9.32-rc.9", "failure"],
        ["v1.9.32-rc.10", "v1.9.32", "success"],
        ["v1.9.32", "v1.9.32-rc.11", "failure"],
      ])("after %s it says of %s: %s", (from, to, state) => {
        move(prod, from);
        move(prod, to, branch);
        expect(judged({})).toMatch(new RegExp(`^${state}:`));
      });

      it("goes by the rules of main, where a branch has older ones", () => {
        move(prod, "v1.9.30", branch);
        const RULES = stepOf(workflowOf({ allowDowngrade: "v1.9.31" })).env.RULES;
        expect(run({}, { RULES })).toMatchObject({ status: 0 });
        expect(told()).toEqual([expect.stringMatching(/^failure: v1\.9\.30 of blog is lower/)]);
      });

      it("fails in GitHub's words when it may not ask", () => {
        const { status, output } = run({}, { FAKE_GH_REFUSES: "Resource not accessible by integration" });
        expect(status).toBe(1);
        expect(output).toContain("Resource not accessible by integration");
      });
    });

    describe("of time", () => {
      const soak = { soak: "24h" };
      /** The tag comes to stage that long ago; prod's follows on its branch. */
      function proposed(hours: number): string {
        repo.at(at(200));
        repo.edit(renderedTree(edits(soak)));
        repo.at(at(hours));
        move(stage, "v1.9.33-stage.1");
        const commit = repo.head();
        move(prod, "v1.9.33", branch);
        return commit;
      }
      const saysOf = (context: string) => (sha: string, state: string, hours: number) =>
        writeStatuses(repo.folder, [
          ...readStatuses(repo.folder),
          { sha, context, state, description: "reconciliation succeeded", createdAt: at(hours) },
        ]);
      const says = saysOf("flux/stage/blog");

      it("lets a version pass whose sibling was healthy in the stage below for so long", () => {
        says(proposed(30), "success", 29.9);
        expect(judged(soak)).toBe("success: v1.9.33-stage.1 was healthy in stage for 24h");
      });

      it("waits for the rest of the time, and says until when", () => {
        says(proposed(10), "success", 9.9);
        const until = new Date(Date.parse(at(9.9)) + 24 * 3_600_000).toISOString().slice(0, 15);
        expect(judged(soak)).toContain(`pending: v1.9.33-stage.1 has to stay healthy in stage until ${until}`);
      });

      it("refuses a version that has not run there, or of which Flux has not said that it is healthy", () => {
        const commit = proposed(30);
        expect(judged(soak)).toBe("failure: v1.9.33-stage.1 is not known to be healthy in stage");
        saysOf("flux/dev/blog")(commit, "success", 29);
        expect(judged(soak)).toBe("failure: v1.9.33-stage.1 is not known to be healthy in stage");
        repo.git("update-ref", "-d", `refs/heads/${branch}`);
        move(prod, "v1.9.34", branch);
        expect(judged(soak)).toBe("failure: no 1.9.34 has run in stage");
      });

      it("begins anew with a failure, a recovery, and the next build of the version", () => {
        says(proposed(60), "success", 59.9);
        repo.at(at(50));
        repo.edit({ "notes.md": "hello\n" });
        says(repo.head(), "failure", 49.9);
        expect(judged(soak)).toBe("failure: v1.9.33-stage.1 is not known to be healthy in stage");
        says(repo.head(), "success", 3);
        expect(judged(soak)).toMatch(/^pending: v1\.9\.33-stage\.1 has to stay healthy/);
        repo.at(at(2));
        move(stage, "v1.9.33-stage.2");
        says(repo.head(), "success", 1.9);
        expect(judged(soak)).toMatch(/^pending: v1\.9\.33-stage\.2 has to stay healthy/);
      });

      it("takes a success long after its commit for a recovery, because GitHub tells the last state only", () => {
        says(proposed(60), "success", 59.9);
        repo.at(at(50));
        repo.edit({ "notes.md": "hello\n" });
        says(repo.head(), "success", 10);
        expect(judged(soak)).toMatch(/^pending: v1\.9\.33-stage\.1 has to stay healthy/);
      });

      it("counts what it had before the next version came, and no more", () => {
        says(proposed(60), "success", 59.9);
        repo.at(at(30));
        move(stage, "v1.10.0-stage.1");
        says(repo.head(), "failure", 29);
        expect(judged(soak)).toBe("success: v1.9.33-stage.1 was healthy in stage for 24h");
        expect(judged({ soak: "2d" })).toBe("failure: v1.9.33-stage.1 left stage before it was healthy for 2d");
      });
    });
  },
);

describe("its workflow", () => {
  const text = workflowOf({ soak: "24h" });
  const workflow = parse(text);

  it("uses no action, writes nothing but statuses, and looks again as time passes", () => {
    expect(text).not.toMatch(/^\s*(- )?uses:/m);
    expect(workflow.permissions).toEqual({});
    const rights = { contents: "read", "pull-requests": "read", statuses: "write" };
    expect(workflow.jobs.promotion.permissions).toEqual(rights);
    expect(workflow.on.schedule).toEqual([{ cron: "*/20 * * * *" }]);
    expect(parse(workflowOf({})).on.schedule).toBeUndefined();
  });

  it("puts no value of GitHub's into its script, where it could become code", () => {
    expect(stepOf(text).run).not.toContain("${{");
  });

  it("knows the line, the stage before and Flux's name for its state", () => {
    expect(JSON.parse(stepOf(text).env.RULES)).toEqual({
      ...{ app: "blog", stage: "prod", file: prod, policy: "blog:blog-prod" },
      soak: {
        ...{ stage: "stage", file: stage, policy: "blog:blog-stage", context: "flux/stage/blog" },
        ...{ seconds: 86_400, for: "24h" },
      },
    });
    const file = "clusters/stage/notifications/provider-commits.yaml";
    const [provider] = treeOf("stage", resolve(seedSources(edits({})))).files[file]?.split("---\n") ?? [];
    const expression = "'flux/' + event.metadata.stage + '/' + event.involvedObject.name";
    expect(parse(provider ?? "").spec.commitStatusExpr).toBe(expression);
  });

  it("is there for the stages that propose, with the same bytes", () => {
    const fleet = resolve(seedSources(edits({})));
    expect(["dev", "stage", "prod"].map((name) => path in treeOf(name, fleet).files)).toEqual([false, false, true]);
  });

  it.runIf(spawnSync("shellcheck", ["--version"]).status === 0 || process.env["CI"] === "true")(
    "has a script that shellcheck finds nothing wrong with",
    () => {
      const { stdout } = spawnSync("shellcheck", ["--shell=bash", "-"], { input: stepOf(text).run, encoding: "utf8" });
      expect(stdout).toBe("");
    },
  );
});
