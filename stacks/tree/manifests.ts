/** What kustomize builds from a repository's files, as far as lists of files and folders go; nothing is patched or named anew. */
import { posix } from "node:path";
import { documentsIn } from "../yaml/read.ts";
import { foldersOf } from "./folders.ts";

/** Path to text of a repository's files. */
export type Files = ReadonlyMap<string, string>;

/** One YAML document and the file it stands in. */
export interface Manifest {
  readonly path: string;
  readonly value: unknown;
}

export interface Reading {
  /** What a kustomization.yaml lists; throws for one that the caller does not understand. */
  readonly resources: (file: Manifest) => readonly string[];
  /** Whether a folder without kustomization.yaml is all of its files, as kustomize-controller has it, or an error. */
  readonly generates: boolean;
  /** Whether what is listed and not here is an error, or is somewhere else: a fresh render lacks people's own files. */
  readonly isWhole: boolean;
  /** What a text has to contain for its objects to matter; without it all do. */
  readonly about?: string;
}

export const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;

export const isA = ({ value }: Manifest, group: string, kind: string): boolean =>
  `${field(value, "apiVersion")}`.split("/")[0] === group && field(value, "kind") === kind;

export const nameIn = ({ value }: Manifest): unknown => field(field(value, "metadata"), "name");

/** Megabytes of Flux's own Deployments and CRDs: no object of a cluster's user is in them. */
const isComponents = (path: string): boolean => path.endsWith("/flux-system/gotk-components.yaml");

/** @throws Error that names the file and what is wrong with it */
function documents(path: string, text: string): readonly Manifest[] {
  if (isComponents(path)) return [];
  try {
    return documentsIn(text).map((value) => ({ path, value }));
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`);
  }
}

/** The files and folders right below a folder. */
function children(files: Files, folder: string): readonly string[] {
  const inside = [...files.keys()].filter((path) => path.startsWith(`${folder}/`));
  const names = inside.map((path) => path.slice(folder.length + 1).split("/"));
  const wanted = names.filter(([name = "", ...rest]) => rest.length > 0 || /\.ya?ml$/.test(name));
  return [...new Set(wanted.map(([name = ""]) => name))].filter((name) => !name.startsWith("."));
}

function listed(files: Files, folder: string, { resources, generates }: Reading): readonly string[] {
  const path = posix.join(folder, "kustomization.yaml");
  const text = files.get(path);
  if (text !== undefined) {
    const [first = { path, value: null }, second] = documents(path, text);
    if (second) throw new Error(`${path} has more than one document`);
    return resources(first);
  }
  if (generates) return children(files, folder);
  throw new Error(`${path} is not in the repository, so nothing says what belongs to ${folder}`);
}

/** What a folder's kustomization.yaml lists, folders in folders included. @throws Error that names the file */
export function folderManifests(
  files: Files,
  folder: string,
  reading: Reading & { readonly trail?: readonly string[] },
): readonly Manifest[] {
  const { trail = [] } = reading;
  if (trail.includes(folder)) throw new Error(`${folder}/kustomization.yaml leads back to itself`);
  return listed(files, folder, reading).flatMap((resource) => {
    const path = posix.join(folder, resource);
    const text = files.get(path);
    if (text !== undefined) return text.includes(reading.about ?? "") ? documents(path, text) : [];
    if (foldersOf(files).has(path)) return folderManifests(files, path, { ...reading, trail: [...trail, folder] });
    if (!reading.isWhole) return [];
    throw new Error(`${folder}/kustomization.yaml lists ${resource}, which is no file or folder here`);
  });
}
