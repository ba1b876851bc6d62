import { fenced, unfenced } from "../../stacks/publish/fence.ts";
import { manifestPath } from "../../stacks/publish/ownership.ts";
import type { CheckFailure } from "../resource.ts";
import { isProperties, type Properties, propertyPath, unknown, type Value } from "../values.ts";

export type Texts = ReadonlyMap<string, string>;

/** The resource's inputs as facts. Names that begin with `__` are bookkeeping that no display shows. */
export interface TreeInputs {
  readonly stage: string;
  readonly url: string;
  readonly branch: string;
  readonly path: string;
  /** Without fences; after Check the manifest is among them. */
  readonly files: Texts;
  readonly placeholders: readonly string[];
  /** Per file a digest of its configuration without the values that Flux owns. */
  readonly configured: Texts;
  /** Per file the configured first values of its markers. */
  readonly seeds: Texts;
}

const strings = (value: Value | undefined): Texts =>
  new Map(
    Object.entries(isProperties(value) ? value : {}).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );

/** One property, since the engine handles and logs each: of 14,000 files as many again would double what every request takes. */
const packed = (texts: Texts): string => JSON.stringify(Object.fromEntries(texts));

/** A mapping where earlier code wrote the state. */
const unpacked = (value: Value | undefined): Texts =>
  typeof value === "string" ? new Map(Object.entries(JSON.parse(value))) : strings(value);

export function treeInputs({
  stage,
  url,
  branch,
  path,
  files,
  placeholders,
  __configured,
  __seeds,
}: Properties): TreeInputs {
  const text = (value: Value | undefined) => (typeof value === "string" ? value : "");
  return {
    stage: text(stage),
    url: text(url),
    branch: text(branch),
    path: text(path),
    files: new Map([...strings(files)].map(([file, value]) => [file, unfenced(value)])),
    placeholders: Array.isArray(placeholders) ? placeholders.map(String) : [],
    configured: unpacked(__configured),
    seeds: unpacked(__seeds),
  };
}

export function treeProperties({ files, placeholders, configured, seeds, ...rest }: TreeInputs): Properties {
  const sorted = [...files].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...rest,
    files: Object.fromEntries(sorted.map(([path, text]) => [path, fenced(text)])),
    placeholders: [...placeholders],
    __configured: packed(configured),
    __seeds: packed(seeds),
  };
}

/** The stage's files without the manifest, which follows from them. */
export function desiredFiles({ files, path }: TreeInputs): Texts {
  return new Map([...files].filter(([file]) => file !== manifestPath(path)));
}

/** Files whose configuration is what it was: where they differ now, someone edited them. */
export function unchangedFiles(old: TreeInputs, now: TreeInputs): ReadonlySet<string> {
  return new Set(
    [...now.configured].filter(([path, digest]) => old.configured.get(path) === digest).map(([path]) => path),
  );
}

const isEqual = (a: Texts, b: Texts): boolean =>
  a.size === b.size && [...a].every(([key, text]) => b.get(key) === text);

/** Whether the configuration is the published one, first values and places included. */
export function isSame(old: TreeInputs, now: TreeInputs): boolean {
  const place = ({ url, branch, path, placeholders }: TreeInputs) => JSON.stringify([url, branch, path, placeholders]);
  const configured = isEqual(old.configured, now.configured) && isEqual(old.seeds, now.seeds);
  return configured && place(old) === place(now);
}

/** Git keeps what it is given for ever, so nothing that Pulumi holds as a secret goes there. */
export function secretFailures(files: Value | undefined, secrets: ReadonlySet<string>): readonly CheckFailure[] {
  const reason =
    "a secret value may not be published: encrypt the file with SOPS, or hand the value to the cluster as a Secret";
  const paths = Object.keys(isProperties(files) ? files : {}).filter((path) =>
    secrets.has(propertyPath("files", path)),
  );
  if (secrets.has("files")) return [{ property: "", reason: `files: ${reason}` }];
  return paths.map((path) => ({ property: "", reason: `${path}: ${reason}` }));
}

export function hasUnknowns({ stage, url, branch, path, files, placeholders }: Properties): boolean {
  const texts = isProperties(files) ? Object.values(files) : [files];
  return [stage, url, branch, path, placeholders, ...texts].includes(unknown);
}
