/** What a change of a stage's files means: for images, for who writes the tags, for policies, and for what Flux removes. */
import { parseAllDocuments } from "yaml";
import { unfenced } from "../publish/fence.ts";
import { isManifest } from "../publish/ownership.ts";
import { parseImage } from "../tree/image.ts";
import { field } from "../tree/manifests.ts";
import { isScanned, markedSites, type Setter } from "../tree/setters.ts";
import type { Step } from "./events.ts";
import { lineDiff } from "./line-diff.ts";

export interface FileChange {
  readonly path: string;
  readonly change: "create" | "update" | "delete";
  readonly diff: string;
}

/** Who moves a tag. */
export type Writer = "Flux" | "nobody" | "the configuration";

export interface LineChange {
  readonly file: string;
  /** `namespace:name` of the ImagePolicy. */
  readonly policy: string;
  readonly from: string | null;
  readonly to: string | null;
}

export interface PolicyChange {
  readonly policy: string;
  readonly from: string | null;
  readonly to: string | null;
}

/** An object that Flux removes from the cluster because no file has it any more. */
export interface Pruned {
  readonly object: string;
  readonly file: string;
}

export interface TreeChanges {
  readonly files: readonly FileChange[];
  /** Tags that change by this commit. */
  readonly images: readonly LineChange[];
  /** Lines whose tag gets another writer; null is no line at all. */
  readonly writers: readonly LineChange[];
  readonly policies: readonly PolicyChange[];
  readonly pruned: readonly Pruned[];
}

type Texts = ReadonlyMap<string, string>;

/** What a state holds of the repository, without the manifests. */
export function textsOf(state: Step["oldState"]): Texts {
  const files = state?.inputs["files"];
  const all = Object.entries(typeof files === "object" && files !== null ? files : {});
  return new Map(all.flatMap(([path, text]) => (isManifest(path) ? [] : [[path, unfenced(String(text))] as const])));
}

interface Both {
  readonly old: Texts;
  readonly now: Texts;
}

/** Only these are read; the rest is the same on both sides. */
const differing = ({ old, now }: Both): readonly string[] =>
  [...new Set([...old.keys(), ...now.keys()])].filter((path) => old.get(path) !== now.get(path)).toSorted();

function fileChanges({ old, now }: Both, paths: readonly string[]): readonly FileChange[] {
  return paths.map((path) => {
    const change = !old.has(path) ? "create" : now.has(path) ? "update" : "delete";
    return { path, change, diff: lineDiff(old.get(path) ?? "", now.get(path) ?? "") };
  });
}

/** The tag, and the image's name before it where that changes too. */
function imageChanges(both: Both, paths: readonly string[]): readonly LineChange[] {
  const tagOf = (image: string): string => parseImage(image).tag ?? "no tag";
  return lineChanges(both, paths, ({ marker, value }) => (marker.part === "tag" ? `:${value}` : value)).map((line) => {
    const { from, to } = line;
    const isRenamed = from !== null && to !== null && parseImage(from).name !== parseImage(to).name;
    return isRenamed ? line : { ...line, from: from && tagOf(from), to: to && tagOf(to) };
  });
}

const writerOf = ({ marker }: Setter): Writer =>
  marker.frozen === undefined ? "Flux" : marker.frozen === "held" ? "nobody" : "the configuration";

function sitesBy(text: string | undefined, path: string): ReadonlyMap<string, Setter> {
  if (text === undefined || !isScanned(path)) return new Map();
  const sites = markedSites(text).filter(({ marker }) => marker.part === "image" || marker.part === "tag");
  return new Map(sites.map((site) => [site.marker.policy, site]));
}

function lineChanges({ old, now }: Both, paths: readonly string[], told: (site: Setter) => string) {
  return paths.flatMap((file): readonly LineChange[] => {
    const [before, after] = [sitesBy(old.get(file), file), sitesBy(now.get(file), file)];
    const policies = [...new Set([...before.keys(), ...after.keys()])];
    const changes = policies.map((policy) => {
      const [from, to] = [before.get(policy), after.get(policy)];
      return { file, policy, from: from ? told(from) : null, to: to ? told(to) : null };
    });
    return changes.filter(({ from, to }) => from !== to);
  });
}

interface Found {
  readonly id: string;
  readonly kind: string;
  readonly value: unknown;
  readonly file: string;
}

/** The objects in a file; what only patches one, and kustomize's own files, are none. */
function objectsIn(file: string, text: string | undefined): readonly Found[] {
  if (text === undefined || !/\.ya?ml$/.test(file) || /(-patch|\/kustomization)\.yaml$/.test(file)) return [];
  return parseAllDocuments(text).flatMap((document) => {
    const value: unknown = document.toJS();
    const metadata = field(value, "metadata");
    const [kind, name, namespace] = [field(value, "kind"), field(metadata, "name"), field(metadata, "namespace")];
    if (typeof kind !== "string" || typeof name !== "string") return [];
    return [{ kind, id: `${kind} ${typeof namespace === "string" ? `${namespace}/` : ""}${name}`, value, file }];
  });
}

function policyChanges(before: readonly Found[], after: readonly Found[]): readonly PolicyChange[] {
  const told = (found: Found | undefined): string | null => {
    if (!found) return null;
    const spec = field(found.value, "spec");
    const pattern = field(field(spec, "filterTags"), "pattern");
    return [pattern ?? "any tag", JSON.stringify(field(spec, "policy"))].join(" ");
  };
  const policies = [...before, ...after].filter(({ kind }) => kind === "ImagePolicy");
  const ids = [...new Set(policies.map(({ id }) => id))];
  const changes = ids.map((id) => {
    const of = (side: readonly Found[]) => told(side.find((each) => each.id === id));
    return { policy: id.replace("ImagePolicy ", "").replace("/", ":"), from: of(before), to: of(after) };
  });
  return changes.filter(({ from, to }) => from !== to);
}

const isKept = ({ value }: Found): boolean =>
  field(field(field(value, "metadata"), "annotations"), "kustomize.toolkit.fluxcd.io/prune") === "disabled";

/** With a Flux Kustomization goes all that it applied. */
function pruned(before: readonly Found[], after: readonly Found[]): readonly Pruned[] {
  const left = new Set(after.map(({ id }) => id));
  const gone = before.filter((found) => !left.has(found.id) && !isKept(found));
  return gone.map(({ id, kind, value, file }) => {
    const path = kind === "Kustomization" ? field(field(value, "spec"), "path") : undefined;
    return { object: typeof path === "string" ? `${id} and all that it applied from ${path}` : id, file };
  });
}

/** For the step of a stage's tree; nothing is in it for one without a change. */
export function treeChanges(step: Step): TreeChanges {
  const both = { old: textsOf(step.oldState), now: step.op === "delete" ? new Map() : textsOf(step.newState) };
  const paths = differing(both);
  const [before, after] = [both.old, both.now].map((texts) =>
    paths.flatMap((path) => objectsIn(path, texts.get(path))),
  );
  return {
    files: fileChanges(both, paths),
    images: imageChanges(both, paths),
    writers: lineChanges(both, paths, writerOf),
    policies: policyChanges(before ?? [], after ?? []),
    pruned: pruned(before ?? [], after ?? []),
  };
}
