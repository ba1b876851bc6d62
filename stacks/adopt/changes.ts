/** What publishing would do to the repository, by the same plan that a preview shows. */
import { parseAllDocuments } from "yaml";
import type { Fleet } from "../config/fleet.ts";
import { render } from "../gitops/render.ts";
import type { Versions } from "../gitops/versions.ts";
import { plan } from "../publish/merge.ts";
import { isManifest } from "../publish/ownership.ts";
import type { Problem } from "../publish/problem.ts";
import type { Head } from "../publish/snapshot.ts";
import { at, ofFlux, type Read } from "./read.ts";

export interface StageChanges {
  readonly stage: string;
  /** Files that the branch does not have. */
  readonly created: readonly string[];
  /** Files that this program owns already. */
  readonly changed: readonly string[];
  /** Files that are there already with just these contents. */
  readonly same: readonly string[];
  /** People's files at a path that the configuration wants, and whatever else stands in the way. */
  readonly conflicts: readonly Problem[];
  /** People's files that define an object which the rendered files define at another path. */
  readonly twice: readonly { readonly path: string; readonly object: string; readonly rendered: string }[];
}

/** The head as it will be when people have moved their files out of the way. */
function cleared(head: Head, problems: readonly Problem[]): Head {
  const paths = problems.map(({ path }) => path);
  const isInTheWay = (entry: string) => paths.some((path) => path === entry || path.startsWith(`${entry}/`));
  return { ...head, entries: new Map([...head.entries].filter(([path]) => !isInTheWay(path))) };
}

const objectId = (value: unknown): string => {
  const [group = ""] = String(at(value, ["apiVersion"]) ?? "").split("/");
  const words = [at(value, ["kind"]), at(value, ["metadata", "namespace"]) ?? "", at(value, ["metadata", "name"])];
  return `${group} ${words.join(" ")}`;
};

function definedTwice(read: Read, files: { readonly [path: string]: string }): StageChanges["twice"] {
  const rendered = new Map(
    Object.entries(files)
      .filter(([path]) => path.startsWith("clusters/"))
      .flatMap(([path, text]) => parseAllDocuments(text).map((each) => [objectId(each.toJS()), path] as const)),
  );
  const kinds = ["Kustomization", "GitRepository", "ImageRepository", "ImagePolicy", "ImageUpdateAutomation"];
  return kinds.flatMap((kind) =>
    ofFlux(read, kind).flatMap((each) => {
      const path = rendered.get(objectId(each.get()));
      if (path === undefined || each.path in files) return [];
      const object = `${kind} ${each.text("metadata", "namespace")}/${each.text("metadata", "name")}`;
      return [{ path: each.path, object, rendered: path }];
    }),
  );
}

export interface ChangesArgs {
  readonly fleet: Fleet;
  readonly versions: Versions;
  readonly head: Head;
  readonly read: Read;
}

/** Per stage, against the head as it is: nothing of one stage is counted on when the next is planned. */
export function changes({ fleet, versions, head, read }: ChangesArgs): readonly StageChanges[] {
  return fleet.stages.map(({ name, path }) => {
    const { files, placeholders } = render(fleet, name, versions);
    const args = { stage: name, path, desired: new Map(Object.entries(files)), placeholders };
    const now = plan({ ...args, head });
    const conflicts = now.kind === "conflict" ? now.problems : [];
    const later = plan({ ...args, head: cleared(head, conflicts) });
    const planned = later.kind === "commit" ? later.changes.filter((each) => !isManifest(each.path)) : [];
    const inTheWay = new Set(conflicts.map((each) => each.path));
    const of = (kind: string) =>
      planned.filter((each) => each.kind === kind && !inTheWay.has(each.path)).map((each) => each.path);
    const touched = new Set([...planned.map((each) => each.path), ...inTheWay]);
    const same = Object.keys(files).filter((each) => !touched.has(each));
    const own = read.documents.filter((each) => each.path.startsWith(`${path}/`));
    const twice = definedTwice({ ...read, documents: own }, files);
    return { stage: name, created: of("create"), changed: of("update"), same, conflicts, twice };
  });
}

/** Files that no stage renders: they stay as they are, and nobody but people changes them. */
export function kept(fleet: Fleet, versions: Versions, head: Head): readonly string[] {
  const ours = fleet.stages.flatMap(({ name }) => {
    const { files, placeholders } = render(fleet, name, versions);
    return [...Object.keys(files), ...placeholders];
  });
  const wanted = new Set(ours);
  return [...head.entries.keys()].filter((path) => !wanted.has(path) && !isManifest(path)).toSorted();
}
