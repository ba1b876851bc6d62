export interface Entry {
  readonly kind: "file" | "symlink" | "submodule";
  /** Git's object id: equal ids are equal contents. */
  readonly id: string;
}

/** The remote branch as it stands: what lies at every path. */
export interface Snapshot {
  /** `undefined`: the branch does not exist yet. */
  readonly commit: string | undefined;
  readonly entries: ReadonlyMap<string, Entry>;
}

/** With the texts that a plan needs. */
export interface Head extends Snapshot {
  readonly texts: ReadonlyMap<string, string>;
}
