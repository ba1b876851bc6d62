/** The remote branch as it stands: what lies at every path, and the texts that a plan needs. */
export interface Head {
  /** `undefined`: the branch does not exist yet. */
  readonly commit: string | undefined;
  readonly entries: ReadonlyMap<string, Entry>;
  readonly texts: ReadonlyMap<string, string>;
}

export interface Entry {
  readonly kind: "file" | "symlink" | "submodule";
  /** Git's object id: equal ids are equal contents. */
  readonly id: string;
}
