import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plan, release } from "../stacks/publish/merge.ts";
import { manifestText } from "../stacks/publish/ownership.ts";
import { keepValues, setMarked, setters, withoutValues } from "../stacks/tree/setters.ts";
import { applied, changesOf, type Files, headOf } from "./heads.ts";

const path = "clusters/production";
const owned = `${path}/.owned.json`;
const stage = { stage: "prod", path, placeholders: [`${path}/flux-system/gotk-sync.yaml`] };

const tag = fc.oneof(
  fc.stringMatching(/^v(0|[1-9]\d?)\.\d{1,2}\.\d{1,2}(-(stage|develop)\.\d{1,2})?$/),
  fc.constantFrom("1.10", "1e3", "0123", "0x1F", "12345", "true", "1_000"),
);
const quote = fc.constantFrom("", '"', "'");
const policy = fc.constantFrom("blog:blog-prod", "other:other-prod", "x:y");
const line = fc.record({ tag, quote, policy, replicas: fc.nat(5), part: fc.constantFrom("image", "tag") });
type Line = Parameters<Parameters<typeof line.map>[0]>[0];

/** An overlay as the renderer writes it: every marker once. */
const overlay = (lines: readonly Line[]) =>
  lines
    .map(({ tag, quote, policy, replicas, part }, index) => {
      const [key, value] = part === "tag" ? ["newTag", tag] : ["image", `ghcr.io/acme/blog:${tag}`];
      const marker = part === "tag" ? `${policy}:tag` : policy;
      return `- replicas: ${replicas}\n  name: a${index}\n  ${key}: ${quote}${value}${quote} # {"$imagepolicy": "${marker}"}\n`;
    })
    .join("");
const lines = fc.uniqueArray(line, { minLength: 1, maxLength: 4, selector: ({ policy, part }) => `${policy}:${part}` });
/** The same markers with other values and other surroundings: what Flux and people left in the repository. */
const desiredAndLive = lines.chain((desired) =>
  fc.tuple(
    fc.constant(overlay(desired)),
    fc
      .tuple(...desired.map((one) => line.map((other) => ({ ...other, policy: one.policy, part: one.part }))))
      .map(overlay),
  ),
);

const file = fc.constantFrom("a.yaml", "apps/a/base/b.yaml", "apps/a/prod/c.yaml", "apps/a/prod/d.yaml", "e.yaml");
const plain = fc.constantFrom("a: 1\n", "b: 2\n", "# c\r\n", "");
const overlays = lines.map(overlay);
const files = fc
  .dictionary(file, fc.oneof(plain, overlays), { maxKeys: 5 })
  .map((texts): Files => new Map(Object.entries(texts)));
const people = fc
  .dictionary(fc.constantFrom("README.md", "clusters/production/own.yaml", "apps/z/x.yaml"), plain)
  .map((texts): Files => new Map(Object.entries(texts)));

describe("whatever stands in the repository", () => {
  it("every marked value survives, and everything else is the configuration's (rule 19) (F76)", () => {
    fc.assert(
      fc.property(desiredAndLive, ([desired, live]) => {
        const kept = keepValues(desired, live);
        const text = kept.kind === "kept" ? kept.text : "";
        const values = (one: string) => setters(one).map(({ marker, source }) => ({ ...marker, source }));
        expect(values(text)).toEqual(values(live));
        expect(withoutValues(text)).toBe(withoutValues(desired));
      }),
    );
  });

  it("a value that Flux sets is read back, and no other line changes", () => {
    fc.assert(
      fc.property(lines, tag, policy, (before, newTag, owner) => {
        const text = overlay(before);
        const set = setMarked(text, owner, { name: "ghcr.io/acme/blog", tag: newTag, digest: undefined });
        const wanted = { image: `ghcr.io/acme/blog:${newTag}`, tag: newTag, name: "", digest: "" };
        for (const { marker, value } of setters(set))
          if (marker.policy === owner) expect(value).toBe(wanted[marker.part]);
        const changed = set.split("\n").filter((one, index) => one !== text.split("\n")[index]);
        expect(changed.every((one) => one.includes(`"$imagepolicy": "${owner}`))).toBe(true);
        expect(withoutValues(set)).toBe(withoutValues(text));
      }),
    );
  });

  it("planning on its own result changes nothing", () => {
    fc.assert(
      fc.property(files, files, people, (before, desired, foreign) => {
        const first = applied(foreign, changesOf(plan({ ...stage, desired: before, head: headOf(foreign) })));
        const second = plan({ ...stage, desired, head: headOf(first) });
        fc.pre(second.kind !== "conflict");
        const result = applied(first, changesOf(second));
        expect(plan({ ...stage, desired, head: headOf(result) })).toEqual({ kind: "unchanged" });
      }),
    );
  });

  it("files of people are neither changed nor removed, not even by a destroy (F77)", () => {
    fc.assert(
      fc.property(files, people, files, (desired, foreign, earlier) => {
        const manifest = manifestText("prod", [...earlier.keys()]);
        const head = new Map([...foreign, ...earlier, [owned, manifest] as const]);
        for (const result of [
          plan({ ...stage, desired, head: headOf(head) }),
          release({ ...stage, head: headOf(head) }),
        ]) {
          const after = applied(head, changesOf(result));
          for (const [at, text] of foreign) expect(after.get(at)).toBe(text);
        }
      }),
    );
  });

  it("destroying takes away what publishing brought, no more and no less", () => {
    fc.assert(
      fc.property(files, people, (desired, foreign) => {
        const published = applied(foreign, changesOf(plan({ ...stage, desired, head: headOf(foreign) })));
        const left = applied(published, changesOf(release({ ...stage, head: headOf(published) })));
        expect(Object.fromEntries(left)).toEqual(Object.fromEntries(foreign));
      }),
    );
  });
});
