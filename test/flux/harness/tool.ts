/** Gives the folder of a module, its content being what the pinned hash says. */
export type FolderOf = (module: Pick<Tool, "module" | "version" | "sum">) => Promise<string>;

export interface Tool {
  /** Name of the binaries' folder in the cache. */
  readonly name: string;
  readonly module: string;
  readonly version: string;
  /** The module's hash, as `go mod download` computes it. */
  readonly sum: string;
  /** Import paths, each becoming a binary of its last part. */
  readonly packages: readonly string[];
  /** Versions that the registry lacks, by one that it has and whose code is the same. */
  readonly instead?: { readonly [module: string]: string };
  /** Files that the makers' release writes into the module before it is built: text by path. */
  readonly written?: (folderOf: FolderOf) => Promise<{ readonly [path: string]: string }>;
  /** Variables that the makers' release sets: value by `package.NAME`. */
  readonly variables?: { readonly [name: string]: string };
}
