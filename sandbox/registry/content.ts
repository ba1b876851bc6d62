import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";

/** What the registry holds: blobs (manifests too) by digest, and by repository which tag names which manifest. */
export interface Content {
  readonly blobs: Map<string, { readonly mediaType: string; readonly base64: string }>;
  readonly tags: Map<string, Map<string, string>>;
  save(): void;
}

interface Saved {
  readonly blobs: readonly [string, { readonly mediaType: string; readonly base64: string }][];
  readonly tags: readonly [string, [string, string][]][];
}

export const digestOf = (bytes: Buffer): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

function read(file: string): Saved {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Saved;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { blobs: [], tags: [] };
    throw error;
  }
}

/** Kept in a file that is replaced in one step; without one it ends with the process. */
export function openContent(file?: string): Content {
  const saved = file ? read(file) : { blobs: [], tags: [] };
  const blobs = new Map(saved.blobs);
  const tags = new Map(saved.tags.map(([repository, list]) => [repository, new Map(list)]));
  const save = () => {
    if (!file) return;
    const next = `${file}.${process.pid}`;
    const lists = [...tags].map(([repository, list]) => [repository, [...list]]);
    writeFileSync(next, JSON.stringify({ blobs: [...blobs], tags: lists }));
    renameSync(next, file);
  };
  return { blobs, tags, save };
}
