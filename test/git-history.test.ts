/** Which commit of the repository holds a stage's tree, by real git: what StageReady asks for every revision that Flux applied. */
import { renameSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { remotes } from "../provider/remotes.ts";
import { type History, openHistory } from "../stacks/publish/git-history.ts";
import { gitRemote } from "./git-remote.ts";

let remote: ReturnType<typeof gitRemote>;
let history: History;
let files = 0;
const commit = (branch = "main"): string => {
  files += 1;
  remote.edit({ [`file-${files}`]: "text" }, branch);
  return remote.head(branch);
};

beforeEach(async () => {
  remote = gitRemote();
  commit();
  history = await openHistory({ url: remote.url, branch: "main" });
});
afterEach(() => {
  history.close();
  remote.close();
});

describe("a revision that Flux applied", () => {
  it("holds the tree where it is its commit, a later one, or one made while it is waited for", async () => {
    const tree = commit();
    expect(await history.builds(tree, tree)).toBe(true);
    expect(await history.builds(tree, commit())).toBe(true);
    commit();
    expect(await history.builds(tree, commit())).toBe(true);
  });

  it("does not hold it where it is an earlier one, or one of a branch that left before", async () => {
    const before = remote.head();
    const aside = commit("aside");
    const tree = commit();
    commit();
    expect(await history.builds(tree, before)).toBe(false);
    expect(await history.builds(tree, aside)).toBe(false);
  });

  it("does not hold it where it is unrelated, unknown or no commit at all", async () => {
    const tree = commit();
    const empty = remote.git("hash-object", "-t", "tree", "/dev/null");
    for (const other of ["f".repeat(40), empty, "main", "--all", ""]) {
      expect(await history.builds(tree, other)).toBe(false);
      expect(await history.builds(other, tree)).toBe(false);
    }
  });

  it("holds it after a merge of the branch that has it", async () => {
    const aside = commit("aside");
    const main = commit();
    const author = ["-c", "user.name=someone", "-c", "user.email=someone@example.com"];
    const merged = remote.git(...author, "commit-tree", "-p", main, "-p", aside, "-m", "merge", `${main}^{tree}`);
    remote.git("update-ref", "refs/heads/main", merged);
    expect(await history.builds(aside, merged)).toBe(true);
    expect(await history.builds(main, merged)).toBe(true);
  });

  it("is looked at over one's own history, whatever depth the tree was fetched with", async () => {
    const tree = commit();
    for (let more = 0; more < 3; more++) commit();
    const opened = remotes();
    await opened.restart(undefined);
    const one = await opened.at({ url: remote.url, branch: "main" });
    await one.snapshot();
    expect(await (await one.history()).builds(tree, remote.head())).toBe(true);
    await opened.restart(undefined);
  });

  it("says in words that the repository does not answer, and is asked again", async () => {
    const [tree, later] = [commit(), commit()];
    renameSync(remote.url, `${remote.url}.gone`);
    await expect(history.builds(tree, later)).rejects.toThrow(`there is no repository at ${remote.url}`);
    renameSync(`${remote.url}.gone`, remote.url);
    expect(await history.builds(tree, later)).toBe(true);
  });
});
