import { describe, expect, it } from "vitest";
import { isScanned, keepValues, setMarked, setters, withoutValues } from "../stacks/tree/setters.ts";

const line = (value: string, marker = "blog:blog-prod") => `image: ${value} # {"$imagepolicy": "${marker}"}\n`;
const tag = (value: string) => `newTag: ${value} # {"$imagepolicy": "blog:blog-prod:tag"}\n`;
const kept = (desired: string, live: string) => {
  const result = keepValues(desired, live);
  return result.kind === "kept" ? result.text : result;
};

describe("markers are read where Flux reads them", () => {
  it.each([
    ["a plain value", line("a:1")],
    ["a double-quoted value", line('"a:1"')],
    ["a single-quoted value", line("'a:1'")],
    ["an anchored value", line("&x a:1")],
    ["a list item", `- a:1 # {"$imagepolicy": "blog:blog-prod"}\n`],
    ["more hash signs", `image: a:1 ## {"$imagepolicy": "blog:blog-prod"}\n`],
    ["no space", `image: a:1 #{"$imagepolicy":"blog:blog-prod"}\n`],
    ["more keys that are strings", `image: a:1 # {"$imagepolicy": "blog:blog-prod", "note": "x"}\n`],
    ["a comment line below it", `${line("a:1")}# {"other": "comment"}\n`],
    ["a second document", `a: 1\n---\n${line("a:1")}`],
  ])("%s", (_, text) => {
    expect(setters(text).map(({ marker, value }) => ({ ...marker, value }))).toEqual([
      { policy: "blog:blog-prod", part: "image", value: "a:1" },
    ]);
  });

  it.each([
    ["text around the JSON", `image: a:1 # see {"$imagepolicy": "blog:blog-prod"}\n`],
    ["single quotes", `image: a:1 # {'$imagepolicy': 'blog:blog-prod'}\n`],
    ["a slash", line("a:1", "blog/blog-prod")],
    ["an unknown suffix", line("a:1", "blog:blog-prod:tags")],
    ["a value that is no string", `image: a:1 # {"$imagepolicy": 7}\n`],
    ["a comment on its own line", `# {"$imagepolicy": "blog:blog-prod"}\nimage: a:1\n`],
    ["a comment behind a flow map", `a: {image: a:1} # {"$imagepolicy": "blog:blog-prod"}\n`],
    ["a block scalar", `patch: |\n  image: a:1 # {"$imagepolicy": "blog:blog-prod"}\n`],
  ])("and not with %s", (_, text) => {
    expect(setters(text)).toEqual([]);
  });

  it.each([
    ["a/b.yaml", true],
    ["a/b.yml", true],
    ["a/Kustomization", true],
    ["a/b.YAML", false],
    ["a/b.json", false],
    ["README.md", false],
  ])("%s: %s", (path, scanned) => {
    expect(isScanned(path)).toBe(scanned);
  });
});

describe("the value that Flux wrote is kept (rule 19)", () => {
  it.each(["v1.9.31", "1.10", "1e3", "0123", '"1.10"', "'0123'", '"yes"'])("byte for byte: %s (F76)", (written) => {
    expect(kept(tag("v0.0.1"), tag(written))).toBe(tag(written));
  });

  it("under the image name of the configuration, in the quotes it stands in (F76)", () => {
    const digest = "sha256:0123456789012345678901234567890123456789012345678901234567890123";
    expect(kept(line("new.example.com:5000/blog:v1"), line(`"ghcr.io/acme/blog:v2@${digest}"`))).toBe(
      line(`"new.example.com:5000/blog:v2@${digest}"`),
    );
  });

  it("while everything around it is the configuration's", () => {
    const live = `replicas: 1\n# by hand\n${line("a:2")}`;
    expect(kept(`replicas: 3\n${line("a:1")}`, live)).toBe(`replicas: 3\n${line("a:2")}`);
  });

  it("when the marker moved to another place in the file (F76)", () => {
    expect(kept(`spec:\n  ${tag("1.0.0")}`, tag("2.0.0"))).toBe(`spec:\n  ${tag("2.0.0")}`);
  });

  it("for every marker of its own, in order when one marker stands twice (F76)", () => {
    const two = (a: string, b: string) => `a: ${a} # {"$imagepolicy": "x:y"}\nb: ${b} # {"$imagepolicy": "x:y"}\n`;
    expect(kept(two("i:1", "i:1"), two("i:2", "i:3"))).toBe(two("i:2", "i:3"));
  });

  it("in a file with Windows line ends (F76, F77)", () => {
    expect(kept(tag("1.0.0"), tag("2.0.0").replace("\n", "\r\n"))).toBe(tag("2.0.0"));
  });

  it("but the name under a :name marker is the configuration's", () => {
    const name = (value: string) => `newName: ${value} # {"$imagepolicy": "x:y:name"}\n`;
    expect(kept(name("new"), name("old"))).toBe(name("new"));
  });

  it("and a digest that Flux blanked stays blank (F76)", () => {
    const digest = (value: string) => `digest: ${value} # {"$imagepolicy": "x:y:digest"}\n`;
    expect(kept(digest("sha256:1"), digest('""'))).toBe(digest('""'));
  });
});

describe("a live text without the marker's value is no reason to go back to the first tag", () => {
  it.each([
    ["the comment was removed", "newTag: v1.9.31\n"],
    ["the line was removed", "kind: Deployment\n"],
    ["the value was removed", `newTag: # {"$imagepolicy": "blog:blog-prod:tag"}\n`],
    ["the value was emptied", tag('""')],
    ["the marker was misspelt", `newTag: v1.9.31 # {"$imagepolicy": "blog:blog-prod:tagg"}\n`],
  ])("%s", (_, live) => {
    expect(keepValues(tag("v0.0.1"), live)).toMatchObject({ kind: "lost", setters: [{ line: 1, value: "v0.0.1" }] });
  });

  it("unless the same value already stands there", () => {
    expect(kept(tag("v0.0.1"), "newTag: v0.0.1\n")).toBe(tag("v0.0.1"));
  });

  it("and a text that is no YAML is an error", () => {
    expect(() => keepValues(tag("v0.0.1"), "a: [")).toThrow();
  });
});

describe("setMarked, as Flux's automation", () => {
  const image = { name: "ghcr.io/acme/blog", tag: "1.10", digest: undefined };

  it("changes exactly the marked lines of the policy", () => {
    const text = `# head\n\n${line("'ghcr.io/acme/blog:1.9'")}b:   x\n${tag("'1.9'")}third: other:1 # {"$imagepolicy": "x:y"}\n`;
    expect(setMarked(text, "blog:blog-prod", image)).toBe(
      `# head\n\n${line("'ghcr.io/acme/blog:1.10'")}b:   x\n${tag("'1.10'")}third: other:1 # {"$imagepolicy": "x:y"}\n`,
    );
  });

  it.each(["1.10", "1e3", "0123", "yes"])("quotes a plain value that YAML does not read as text: %s", (value) => {
    expect(setMarked(tag("v1"), "blog:blog-prod", { ...image, tag: value })).toBe(tag(`"${value}"`));
  });

  it("returns the same text when the value stands there already", () => {
    expect(setMarked(tag("1.10"), "blog:blog-prod", image)).toBe(tag("1.10"));
  });
});

describe("a tag that Flux does not move", () => {
  const held = (value: string) => line(value).replace("$imagepolicy", "$held");
  const pinned = (value: string) => line(value).replace("$imagepolicy", "$pinned");

  it.each([
    ["held stays", line("a:2"), held("a:1"), held("a:2")],
    ["let go again stays until Flux moves it", held("a:2"), line("a:1"), line("a:2")],
    ["pinned is the configuration's", line("a:2"), pinned("a:1"), pinned("a:1")],
    ["pinned stays the configuration's", pinned("a:2"), pinned("a:1"), pinned("a:1")],
    ["unpinned goes on from the pin", pinned("a:2"), line("a:1"), line("a:2")],
    ["held after a pin stays", pinned("a:2"), held("a:1"), held("a:2")],
  ])("%s", (_, ...[live, desired, expected]) => expect(kept(desired, live)).toBe(expected));

  it("has no marker of Flux's", () => {
    expect(setters(held("a:1") + pinned("a:1"))).toEqual([]);
    const image = { name: "a", tag: "2", digest: undefined };
    expect(setMarked(held("a:1") + pinned("a:1"), "blog:blog-prod", image)).toBe(held("a:1") + pinned("a:1"));
  });

  it("is part of the configuration when pinned, and not when held", () => {
    expect(withoutValues(held("a:1"))).toBe(withoutValues(held("a:2")));
    expect(withoutValues(pinned("a:1"))).not.toBe(withoutValues(pinned("a:2")));
  });
});

it("two texts that differ in owned values only are equal without them", () => {
  expect(withoutValues(line('"a:1"') + tag("1.0"))).toBe(withoutValues(line("a:2@sha256:1") + tag("'2'")));
  expect(withoutValues(line("a:1"))).not.toBe(withoutValues(line("b:1")));
});
