/** Which files of a cluster's folder Flux applies, by the rules of kustomize-controller's generator. */
import type { Finding } from "./finding.ts";
import { at, type Found, isKustomizationFile, ofFlux, plainPath, type Read } from "./read.ts";
import type { System } from "./system.ts";

/** As kustomize resolves an entry: from its file's folder, `..` included. */
function join(folder: string, path: string): string {
  const done: string[] = [];
  for (const part of `${folder}/${path}`.split("/")) {
    if (part === "..") done.pop();
    else if (part !== "." && part !== "") done.push(part);
  }
  return done.join("/");
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/"));

interface Index {
  readonly paths: readonly string[];
  /** Folder to its kustomization file. */
  readonly files: ReadonlyMap<string, Found>;
}

/** What a kustomization.yaml names: files, and folders that have one of their own. */
function named(file: Found): readonly string[] {
  const patches = file.list("patches").map((patch) => at(patch, ["path"]));
  const all = [...file.list("resources"), ...file.list("bases"), ...file.list("components"), ...patches];
  return all
    .filter((entry): entry is string => typeof entry === "string")
    .map((entry) => join(folderOf(file.path), entry));
}

/** All files that building a folder reads; without a kustomization.yaml every folder below is taken by itself. */
function reached(folder: string, index: Index, seen: Set<string>): readonly string[] {
  if (seen.has(folder)) return [];
  seen.add(folder);
  const own = index.files.get(folder);
  if (own) {
    const entries = named(own);
    return [
      own.path,
      ...entries,
      ...entries.flatMap((entry) => (index.files.has(entry) ? reached(entry, index, seen) : [])),
    ];
  }
  const below = index.paths.filter((path) => path.startsWith(`${folder}/`));
  const folders = [...index.files.keys()].filter((each) => each.startsWith(`${folder}/`));
  const outermost = folders.filter((each) => !folders.some((other) => each.startsWith(`${other}/`)));
  const loose = below.filter((path) => !outermost.some((each) => path.startsWith(`${each}/`)));
  return [...loose, ...outermost.flatMap((each) => reached(each, index, seen))];
}

/** Who should have named the file: the nearest kustomization.yaml above it. */
function responsible(path: string, { files }: Index): string | undefined {
  const parts = path.split("/");
  const folders = parts.map((_, length) => parts.slice(0, parts.length - length).join("/"));
  return folders.flatMap((folder) => files.get(folder)?.path ?? []).find((file) => file !== path);
}

/** Files with objects in a cluster's folder that nothing applies; flux-system/ is where people fall into it. */
export function unapplied(read: Read, { stages }: System): readonly Finding[] {
  const files = new Map(
    read.documents.filter(({ path }) => isKustomizationFile(path)).map((each) => [folderOf(each.path), each]),
  );
  const index: Index = { paths: [...new Set(read.documents.map(({ path }) => path))], files };
  const syncs = ofFlux(read, "Kustomization").map((each) => plainPath(each.text("spec", "path")));
  const applied = new Set(
    [...stages.map(({ path }) => path), ...syncs].flatMap((path) => reached(path, index, new Set())),
  );
  const objects = read.documents.filter(({ path, text }) => text("kind") !== "" && !isKustomizationFile(path));
  const lost = objects.filter(
    ({ path }) => stages.some((stage) => path.startsWith(`${stage.path}/`)) && !applied.has(path),
  );
  return lost.map((each) => {
    const what = `${each.text("kind")} ${each.text("metadata", "name")}`;
    const message = `${responsible(each.path, index) ?? "no kustomization.yaml"} does not list this file: Flux never applies ${what}`;
    return { code: "not-applied", severity: "error", path: each.path, line: each.line("kind"), message };
  });
}
