/** Trees of files as Flux's own image automation leaves them, and as the stand-in for it does. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { update } from "../sandbox/flux/update.ts";
import type { Image } from "../stacks/tree/image.ts";
import { answers } from "./go-oracle.ts";

export type Files = Readonly<Record<string, string>>;

/** By policy, `namespace:name`. */
export type Images = Readonly<Record<string, Image>>;

/** As test/oracles/flux/image-automation-controller/oracle/main.go gives it. */
interface Answer {
  readonly changes: readonly object[];
  readonly error?: string;
}

function write(root: string, files: Files): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

function filesIn(root: string): Files {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => relative(root, join(entry.parentPath, entry.name)));
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

const policies = (images: Images) =>
  Object.entries(images).map(([policy, latestRef]) => {
    const [namespace, name] = policy.split(":");
    return { metadata: { namespace, name }, status: { latestRef } };
  });

/** What the oracle makes of the files below a path, and what it says it changed there. */
export async function fluxUpdate(binary: string, files: Files, { images, path = "." }: Update) {
  const root = mkdtempSync(join(tmpdir(), "flux-setter-"));
  try {
    write(root, files);
    const [answer] = await answers<Answer>(binary, [{ path: join(root, path), policies: policies(images) }]);
    return { files: filesIn(root), changes: answer?.changes, error: answer?.error };
  } finally {
    rmSync(root, { recursive: true });
  }
}

export function standInUpdate(files: Files, { images, path = "." }: Update): Files {
  const { texts } = update(new Map(Object.entries(files)), path, new Map(Object.entries(images)));
  return { ...files, ...Object.fromEntries(texts) };
}

interface Update {
  readonly images: Images;
  readonly path?: string;
}
