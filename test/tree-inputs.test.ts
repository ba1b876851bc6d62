/** What a Tree keeps of its files from run to run. */
import { expect, it } from "vitest";
import { bookkeeping } from "../provider/tree/bookkeeping.ts";
import { isSame, treeInputs, treeProperties } from "../provider/tree/inputs.ts";

const files = new Map([
  ["apps/blog/prod/patch.yaml", 'image: ghcr.io/acme/blog:v1 # {"$imagepolicy": "blog:blog-prod"}\n'],
  ["apps/blog/base/service.yaml", "port: 80\n"],
  ["docs/\tnote.md", 'not scanned: {"$imagepolicy"\n'],
]);
const place = { stage: "prod", url: "ssh://git@example.com/gitops", branch: "main", path: "clusters/production" };
const now = { ...place, files, placeholders: ["clusters/production/flux-system/gotk.yaml"], ...bookkeeping(files) };

it("keeps its bookkeeping as one property each, however many files it has", () => {
  const { __configured, __seeds } = treeProperties(now);
  expect([typeof __configured, __seeds]).toEqual(["string", '{"apps/blog/prod/patch.yaml":":v1"}']);
  expect(treeInputs(treeProperties(now))).toEqual(now);
});

it("reads what earlier code kept as mappings, which is no change", () => {
  const before = {
    ...treeProperties(now),
    __configured: Object.fromEntries(now.configured),
    __seeds: Object.fromEntries(now.seeds),
  };
  expect(treeInputs(before)).toEqual(now);
  expect(isSame(treeInputs(before), now)).toBe(true);
});
