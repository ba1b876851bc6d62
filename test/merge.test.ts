import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Change, plan, release } from "../stacks/publish/merge.ts";
import { overtaken } from "../stacks/publish/overtaken.ts";
import { problemList } from "../stacks/publish/problem.ts";
import type { Head } from "../stacks/publish/snapshot.ts";
import { summary } from "../stacks/publish/summary.ts";
import { applied, changesOf, type Files, headOf } from "./heads.ts";

const cases = join(import.meta.dirname, "merge");

function filesOf(folder: string): Files {
  const all = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }) : [];
  const paths = all.filter((path) => statSync(join(folder, path)).isFile());
  return new Map(paths.toSorted().map((path) => [path, readFileSync(join(folder, path), "utf8")]));
}

const path = "clusters/production";
const none = { stage: "prod", path, placeholders: [] };

/** Cases that prove a row of test/faults.ts. */
const faults: { readonly [name: string]: string } = {
  "keeps-the-tag-beside-a-changed-configuration": "F76",
  "leaves-a-tag-that-flux-wrote": "F72",
  "leaves-files-of-people": "F77",
  "leaves-files-under-no-manifest-with-the-same-bytes": "F77",
  "refuses-a-file-of-people": "F77",
  "refuses-a-file-that-lost-its-marker": "F76",
  "refuses-a-secret-in-clear": "F79",
};
const namedCases = readdirSync(cases).map((name) => [name, faults[name] ? ` (${faults[name]})` : ""] as const);

describe.each(namedCases)("%s%s", (name) => {
  const folder = join(cases, name);
  const text = (file: string) => (existsSync(join(folder, file)) ? readFileSync(join(folder, file), "utf8") : "");
  const { release: isRelease, unchanged = [], ...settings } = JSON.parse(text("args.json") || "{}");
  const current = filesOf(join(folder, "current"));
  const expected = filesOf(join(folder, "expected"));
  const desired = filesOf(join(folder, "desired"));
  const args = { ...none, unchanged: new Set<string>(unchanged), ...settings };
  const planned = (files: Files) => (isRelease ? release : plan)({ ...args, desired, head: headOf(files) });
  const result = planned(current);

  if (text("problems.txt")) {
    it("is refused, with the path and the way out", () => {
      expect(result.kind === "conflict" ? `${problemList(result.problems)}\n` : result).toBe(text("problems.txt"));
    });
    return;
  }

  it("gives the expected files and message, and nothing the second time", async () => {
    expect(result.kind).not.toBe("conflict");
    expect(Object.fromEntries(applied(current, changesOf(result)))).toEqual(Object.fromEntries(expected));
    expect(planned(expected)).toEqual({ kind: "unchanged" });
    const message = changesOf(result).length > 0 ? summary(args.stage, changesOf(result)) : "no commit\n";
    await expect(message).toMatchFileSnapshot(join(folder, "message.txt"));
  });
});

describe("paths", () => {
  it.each([
    ["/etc/passwd", "the path is absolute; name it from the repository's root"],
    ["C:/x.yaml", "the path is absolute; name it from the repository's root"],
    ["a/../b.yaml", "the path has an empty, . or .. segment"],
    ["a//b.yaml", "the path has an empty, . or .. segment"],
    [".git/config", "the path leads into .git"],
    ["a/.GIT/config", "the path leads into .git"],
    ["git~1/../x", "the path has an empty, . or .. segment"],
    ["a\\b.yaml", "the path has a backslash or a control character; separate folders by /"],
    ["a\nb.yaml", "the path has a backslash or a control character; separate folders by /"],
    ["clusters/dev/.owned.json", "is kept by this program or by flux bootstrap: name the file otherwise"],
  ])("%j is refused", (bad, message) => {
    const result = plan({ ...none, desired: new Map([[bad, "a: 1\n"]]), head: headOf(new Map()) });
    expect(result).toEqual({ kind: "conflict", problems: [{ path: bad, message }] });
  });

  it("that differ by case only are refused", () => {
    const desired = new Map([
      ["a/B.yaml", ""],
      ["a/b.yaml", ""],
    ]);
    const message = "differs from a/B.yaml by case only: the two are one file on Windows and macOS";
    expect(plan({ ...none, desired, head: headOf(new Map()) })).toMatchObject({
      problems: [{ path: "a/b.yaml", message }],
    });
  });

  it.each(["symlink", "submodule"] as const)("through a %s are refused (F77)", (kind) => {
    const head: Head = { commit: "1", entries: new Map([["apps", { kind, id: "1" }]]), texts: new Map() };
    const message = `apps is a ${kind} in the repository, so there is no folder to write to: move it away`;
    const desired = new Map([["apps/blog/a.yaml", ""]]);
    expect(plan({ ...none, desired, head })).toMatchObject({ problems: [{ path: "apps/blog/a.yaml", message }] });
  });

  it("of an owned file that became a symlink are refused while wanted and left alone when not (F77)", () => {
    const manifest = JSON.stringify({ version: 1, stage: "prod", files: ["a.yaml"] });
    const owned = `${path}/.owned.json`;
    const entries = new Map([
      ["a.yaml", { kind: "symlink", id: "1" }],
      [owned, { kind: "file", id: "2" }],
    ] as const);
    const head: Head = { commit: "1", entries, texts: new Map([[owned, manifest]]) };
    expect(plan({ ...none, desired: new Map([["a.yaml", ""]]), head }).kind).toBe("conflict");
    expect(changesOf(release({ ...none, head })).map((change) => change.path)).toEqual([owned]);
  });
});

describe("a change that came between the preview and the push", () => {
  const marked = (tag: string, replicas: number) =>
    `replicas: ${replicas}\nimage: a:${tag} # {"$imagepolicy": "x:y"}\n`;
  const owned = JSON.stringify({ version: 1, stage: "prod", files: ["a.yaml", "b.yaml"] });
  const at = (commit: string, a: string, b = "b: 1\n") =>
    headOf(
      new Map([
        ["a.yaml", a],
        ["b.yaml", b],
        [`${path}/.owned.json`, owned],
      ]),
      commit,
    );
  const desired = new Map([
    ["a.yaml", marked("0", 3)],
    ["b.yaml", "b: 1\n"],
  ]);
  const seenAt = (head: Head) => ({ head, plan: plan({ ...none, desired, head }) });
  const seen = seenAt(at("1", marked("1", 1)));

  it.each([
    ["of a tag by Flux is taken along", at("2", marked("2", 1)), []],
    ["by a person in a file of the plan stops it", at("2", marked("1", 2)), ["a.yaml"]],
    ["by a person in another owned file stops it", at("2", marked("1", 1), "b: 2\n"), ["b.yaml"]],
    ["that already made what the plan wants does not stop it", at("2", marked("1", 3)), []],
  ])("%s", (_, head, expected) => {
    expect(overtaken(seen, seenAt(head)).filter((file) => !file.endsWith(".owned.json"))).toEqual(expected);
  });
});

describe("a stage of very many files", () => {
  const files = (count: number) => new Map(Array.from({ length: count }, (_, index) => [`apps/a${index}/a.yaml`, ""]));

  it("is published, and found unchanged afterwards", () => {
    const desired = files(15_000);
    const after = applied(new Map(), changesOf(plan({ ...none, desired, head: headOf(new Map()) })));
    expect(plan({ ...none, desired, head: headOf(after) }).kind).toBe("unchanged");
  });

  it("is refused before it is written, when its list could not be read again", () => {
    const message = "is one of 100002 files; a stage has at most 100000";
    expect(plan({ ...none, desired: files(100_001), head: headOf(new Map()) })).toMatchObject({
      problems: [{ message }],
    });
  });
});

it("cuts a subject that is too long for one line", () => {
  const change: Change = { kind: "update", path: "a", text: "", reason: "configuration changed" };
  const [subject = ""] = summary("a".repeat(80), [change]).split("\n");
  expect(subject).toHaveLength(72);
});
