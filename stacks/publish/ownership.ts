import { maxFiles, unsafePath } from "./paths.ts";
import type { Problem } from "./problem.ts";
import type { Head } from "./snapshot.ts";

/**
 * Which files a stage owns, kept in the repository itself: a lost Pulumi state loses nothing. Flux reads YAML only, so the
 * JSON beside its files does not reach the cluster.
 */
export interface Manifest {
  readonly version: 1;
  readonly stage: string;
  readonly files: readonly string[];
}

const name = ".owned.json";
const maxBytes = 10_000_000;

/** In every GitOps repository: changing it makes all files look like people's. */
export function manifestPath(cluster: string): string {
  return `${cluster}/${name}`;
}

export function isManifest(path: string): boolean {
  return path.endsWith(`/${name}`);
}

/** One path a line, sorted, so that git merges and shows it well. */
export function manifestText(stage: string, files: readonly string[]): string {
  return `${JSON.stringify({ version: 1, stage, files: files.toSorted() } satisfies Manifest, null, 2)}\n`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isManifestShape(value: unknown): value is Manifest {
  if (typeof value !== "object" || value === null) return false;
  const { version, stage, files } = value as Partial<Manifest>;
  return (
    version === 1 &&
    typeof stage === "string" &&
    Array.isArray(files) &&
    files.every((file) => typeof file === "string")
  );
}

/** Anybody with write access can edit the file, so its words are checked before anything is deleted by them. */
function parseManifest(path: string, text: string): Manifest | Problem {
  const wayOut = "restore it from the repository's history";
  if (text.length > maxBytes) return { path, message: `is larger than ${maxBytes} bytes: ${wayOut}` };
  const manifest = parsed(text);
  if (!isManifestShape(manifest)) return { path, message: `is no list of owned files (version 1): ${wayOut}` };
  if (manifest.files.length > maxFiles) return { path, message: `lists more than ${maxFiles} files: ${wayOut}` };
  const unsafe = manifest.files.find((file) => unsafePath(file) !== undefined);
  return unsafe === undefined
    ? manifest
    : { path, message: `lists ${JSON.stringify(unsafe)}, which is no path: ${wayOut}` };
}

export interface Ownership {
  /** Paths that this stage's manifests list. */
  readonly own: ReadonlySet<string>;
  /** Path to the other stages that list it too. */
  readonly shared: ReadonlyMap<string, readonly string[]>;
  readonly problems: readonly Problem[];
}

/** Who owns what at the head; `clusters` are the folders of this stage (its path, and a former one that it leaves). */
export function ownership(head: Head, stage: string, clusters: readonly string[]): Ownership {
  const ours = new Set(clusters.map(manifestPath));
  const texts = [...head.texts].filter(([path]) => isManifest(path));
  const read = texts.map(([path, text]) => ({ path, content: parseManifest(path, text) }));
  const manifests = read.flatMap(({ path, content }) => ("files" in content ? [{ path, ...content }] : []));
  const [mine = [], others = []] = [true, false].map((own) => manifests.filter(({ path }) => ours.has(path) === own));
  const foreign = mine.filter((manifest) => manifest.stage !== stage);
  const users = others.flatMap((manifest) => manifest.files.map((file) => ({ file, stage: manifest.stage })));
  const byFile = [...Map.groupBy(users, ({ file }) => file)];
  return {
    own: new Set(mine.flatMap(({ files }) => files)),
    shared: new Map(byFile.map(([file, listed]) => [file, listed.map((user) => user.stage)])),
    problems: [
      ...read.flatMap(({ content }) => ("files" in content ? [] : [content])),
      ...foreign.map(({ path, stage: other }) => ({
        path,
        message: `belongs to stage ${other}: give ${stage} a cluster path of its own`,
      })),
    ],
  };
}
