/** What says how an app runs, from the base to the last patch: the later one wins, as with kustomize. */
import { parse } from "yaml";
import { asFound, at, type Found, isKustomizationFile, ofFlux, plainPath, type Read } from "./read.ts";

export type Layer = Omit<Found, "line">;

/** Where a Deployment has its image. */
export const container = ["spec", "template", "spec", "containers", 0] as const;

export const ofKind = (all: readonly Layer[], kind: string): readonly Layer[] =>
  all.filter((each) => each.text("kind") === kind);

interface Patch {
  readonly patch: string;
  readonly kind: string;
  readonly name: string;
}

interface Operation {
  readonly path: string;
  readonly value: unknown;
}

/** JSON 6902 as the partial object that it makes, of the two paths that people patch per stage. */
function fromOperations(operations: readonly Operation[], { kind, name }: Patch, path: string): Layer {
  const replicas = operations.find((each) => each.path === "/spec/replicas")?.value;
  const hosts = operations.filter((each) => /^\/spec\/rules\/[0-9]+\/host$/.test(each.path));
  const rules = hosts.map(({ value }) => ({ host: value }));
  const spec = { ...(replicas === undefined ? {} : { replicas }), ...(rules.length > 0 ? { rules } : {}) };
  return asFound({ kind, metadata: { name }, spec }, path);
}

function parsed(text: string): unknown {
  try {
    return parse(text, { logLevel: "error" });
  } catch {
    return undefined;
  }
}

/** The patches that a kustomization.yaml or a Flux Kustomization holds as text. */
function inlinePatches(holder: Found, keys: readonly string[]): readonly Layer[] {
  return holder.list(...keys).flatMap((entry) => {
    const text = (...path: readonly string[]) => String(at(entry, path) ?? "");
    const patch = { patch: text("patch"), kind: text("target", "kind"), name: text("target", "name") };
    const value = parsed(patch.patch);
    if (Array.isArray(value)) {
      const operations = value.map((each) => ({ path: String(at(each, ["path"])), value: at(each, ["value"]) }));
      return [fromOperations(operations, patch, holder.path)];
    }
    return typeof value === "object" && value !== null ? [asFound(value, holder.path)] : [];
  });
}

const isIn = (folder: string) => (each: Found) =>
  each.path.startsWith(`${folder}/`) && !each.path.slice(folder.length + 1).includes("/");

function folderLayers({ documents }: Read, folder: string): readonly Layer[] {
  const inside = documents.filter(isIn(folder));
  const folders = inside.filter(({ path }) => isKustomizationFile(path));
  const objects = inside.filter(({ path }) => !isKustomizationFile(path));
  return [...objects, ...folders.flatMap((each) => inlinePatches(each, ["patches"]))];
}

/** The Flux Kustomizations that apply a folder. */
export const syncsOf = (read: Read, folder: string): readonly Found[] =>
  ofFlux(read, "Kustomization").filter((each) => plainPath(each.text("spec", "path")) === folder);

/** Of one app in one stage: its base, its overlay, and the patches of the Flux Kustomization that applies it. */
export function layers(read: Read, app: string, stage: string): readonly Layer[] {
  const folder = `apps/${app}/${stage}`;
  const patches = syncsOf(read, folder).flatMap((each) => inlinePatches(each, ["spec", "patches"]));
  return [...folderLayers(read, `apps/${app}/base`), ...folderLayers(read, folder), ...patches];
}

export const baseLayers = (read: Read, app: string): readonly Layer[] => folderLayers(read, `apps/${app}/base`);

/** The kustomization.yaml of an app's overlay. */
export const overlayFile = ({ documents }: Read, app: string, stage: string): Found | undefined =>
  documents.filter(isIn(`apps/${app}/${stage}`)).find(({ path }) => isKustomizationFile(path));
