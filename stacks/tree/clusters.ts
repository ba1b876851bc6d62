import { type Files, field } from "./manifests.ts";

/** A cluster whose files are in a repository. */
export interface ClusterFolder {
  /** `clusters/production` */
  readonly path: string;
  /** As the repository's own list of files calls it, else the path. */
  readonly stage: string;
}

/** What marks a cluster's folder: our list of files, what `flux bootstrap` writes, or its customary place. */
const signs = [
  /^(.+)\/\.owned\.json$/,
  /^(.+)\/flux-system\/gotk-sync\.yaml$/,
  /^(clusters\/[^/]+)\/kustomization\.yaml$/,
];

function stageOf(files: Files, path: string): string {
  try {
    const stage = field(JSON.parse(files.get(`${path}/.owned.json`) ?? "null"), "stage");
    return typeof stage === "string" && stage !== "" ? stage : path;
  } catch {
    return path;
  }
}

/** In promotion order as far as that is known, as cluster paths; others last, as they come. */
export function inOrder<T extends ClusterFolder>(clusters: readonly T[], order: readonly string[]): readonly T[] {
  const place = ({ path }: T) => (order.includes(path) ? order.indexOf(path) : order.length);
  return clusters.toSorted((a, b) => place(a) - place(b));
}

/** Every cluster of a repository, by path. */
export function clusterFolders(files: Files): readonly ClusterFolder[] {
  const paths = [...files.keys()].flatMap((file) => signs.flatMap((sign) => sign.exec(file)?.[1] ?? []));
  return [...new Set(paths)].toSorted().map((path) => ({ path, stage: stageOf(files, path) }));
}
