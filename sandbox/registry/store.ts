import { createHash } from "node:crypto";
import { readState, writeState } from "../state-file.ts";

/** A blob or a manifest, with its media type. */
export interface Content {
  readonly type: string;
  readonly bytes: Buffer;
}

/** What the registry holds. Contents belong to all repositories, which a real registry does not allow. */
export interface Store {
  /** By digest. */
  readonly contents: Map<string, Content>;
  /** By repository, then by tag: the manifest's digest. */
  readonly tags: Map<string, Map<string, string>>;
  readonly save: () => void;
}

/** `sha256:<64 hex digits>` */
export const digestOf = (bytes: Buffer): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** Keeps bytes under their digest, and returns that. */
export function keep({ contents }: Store, content: Content): string {
  const digest = digestOf(content.bytes);
  contents.set(digest, content);
  return digest;
}

interface Saved {
  readonly contents: readonly { readonly type: string; readonly base64: string }[];
  readonly tags: readonly (readonly [string, readonly (readonly [string, string])[]])[];
}

/** Without a file the state ends with the process. */
export function openStore(file?: string): Store {
  const saved = file ? readState<Saved>(file) : undefined;
  const tags = new Map(saved?.tags.map(([repository, list]) => [repository, new Map(list)]));
  const contents = new Map<string, Content>();
  const save = () => {
    if (!file) return;
    const all = [...contents.values()].map(({ type, bytes }) => ({ type, base64: bytes.toString("base64") }));
    const lists = [...tags].map(([repository, list]) => [repository, [...list]]);
    writeState(file, { contents: all, tags: lists });
  };
  const store = { contents, tags, save };
  for (const { type, base64 } of saved?.contents ?? []) keep(store, { type, bytes: Buffer.from(base64, "base64") });
  return store;
}

/** Case-insensitive alphanumeric, as spec.md ("Listing Tags") wants it; case decides only between equal ones. */
function inTagOrder(a: string, b: string): number {
  const [lowerA, lowerB] = [a.toLowerCase(), b.toLowerCase()];
  if (lowerA !== lowerB) return lowerA < lowerB ? -1 : 1;
  return a < b ? -1 : Number(a > b);
}

/** The tags of a repository in their order, those after `last` when it is given; `undefined` if there is no such repository. */
export function tagsOf({ tags }: Store, repository: string, last?: string): readonly string[] | undefined {
  const all = tags.get(repository);
  return all && [...all.keys()].toSorted(inTagOrder).filter((tag) => last === undefined || inTagOrder(tag, last) > 0);
}
