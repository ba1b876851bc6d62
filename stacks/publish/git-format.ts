import { createHash } from "node:crypto";
import type { Change } from "./merge.ts";
import type { Entry } from "./snapshot.ts";

/** Fixed, so that CI and Flux can tell these commits from people's. */
const author = "k3s-stages <noreply@k3s-stages.invalid>";

export interface NewCommit {
  readonly parent: string | undefined;
  readonly changes: readonly Change[];
  readonly message: string;
  /** Seconds since 1970. */
  readonly seconds: number;
}

/** `<mode> <type> <id>\t<path>\0`: git-ls-tree -z. */
export function entriesOf(listing: string): ReadonlyMap<string, Entry> {
  const kinds: { readonly [mode: string]: Entry["kind"] } = { "120000": "symlink", "160000": "submodule" };
  const found = new Map<string, Entry>();
  for (let at = 0; at < listing.length; ) {
    const tab = listing.indexOf("\t", at);
    const end = listing.indexOf("\0", tab);
    const mode = listing.slice(at, listing.indexOf(" ", at));
    const id = listing.slice(listing.lastIndexOf(" ", tab) + 1, tab);
    found.set(listing.slice(tab + 1, end), { kind: kinds[mode] ?? "file", id });
    at = end + 1;
  }
  return found;
}

/** The id that git gives a text. */
export function blobId(text: string): string {
  return createHash("sha1")
    .update(`blob ${Buffer.byteLength(text)}\0`)
    .update(text)
    .digest("hex");
}

/** `<id> blob <size>\n<bytes>\n` after each other: git-cat-file's batch format. */
export function blobs(batch: Buffer): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (let at = 0; at < batch.length; ) {
    const end = batch.indexOf("\n", at);
    const [id = "", , size = "0"] = batch.toString("utf8", at, end).split(" ");
    found.set(id, batch.toString("utf8", end + 1, end + 1 + Number(size)));
    at = end + 1 + Number(size) + 1;
  }
  return found;
}

/** One commit in git-fast-import's language, whose id is then printed; files are regular ones whatever they were. */
export function fastImport(ref: string, { parent, changes, message, seconds }: NewCommit): string {
  const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`;
  const files = changes.map((change) =>
    change.kind === "delete"
      ? `D ${JSON.stringify(change.path)}\n`
      : `M 100644 inline ${JSON.stringify(change.path)}\n${data(change.text)}`,
  );
  const committer = `committer ${author} ${seconds} +0000\n`;
  return `commit ${ref}\nmark :1\n${committer}${data(message)}${parent ? `from ${parent}\n` : ""}${files.join("")}get-mark :1\n`;
}
