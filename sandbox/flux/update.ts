import { posix } from "node:path";
import { isMap, parseAllDocuments } from "yaml";
import type { Image } from "../../stacks/tree/image.ts";
import type { Marker } from "../../stacks/tree/marker.ts";
import { isScanned, setMarked, setters } from "../../stacks/tree/setters.ts";

/** A marked value that an automation set. */
export interface Change {
  readonly path: string;
  /** As the marker says it: `namespace:policy[:part]`. */
  readonly setter: string;
  readonly from: string;
  readonly to: string;
}

export interface Update {
  /** New texts of the files that change. */
  readonly texts: ReadonlyMap<string, string>;
  readonly changes: readonly Change[];
}

const setterName = ({ policy, part }: Marker): string => (part === "image" ? policy : `${policy}:${part}`);

/**
 * Whether Flux reads the file: it passes over, and says nothing of, one that is no YAML or whose root is a list, such as a
 * JSON 6902 patch (image-automation-controller internal/update/filereader.go, ProblemFiles).
 */
function isReadable(text: string): boolean {
  const documents = parseAllDocuments(text);
  return documents.every(({ errors, contents }) => errors.length === 0 && (contents === null || isMap(contents)));
}

function inside(files: ReadonlyMap<string, string>, path: string): readonly string[] {
  const folder = posix.normalize(`${path}/`);
  const all = [...files.keys()];
  const found = folder === "./" ? all : all.filter((file) => `${file}/`.startsWith(folder));
  if (found.length === 0) throw new Error(`walking path for files: lstat ${path}: no such file or directory`);
  return found;
}

function changesIn(path: string, before: string, after: string): readonly Change[] {
  const set = setters(after);
  const pairs = setters(before).map(({ marker, value: from }, index) => {
    return { path, setter: setterName(marker), from, to: set[index]?.value ?? "" };
  });
  return pairs.filter(({ from, to }) => from !== to);
}

/**
 * What an automation writes below its path, given the image of each policy (`namespace:name`): the policy's word wherever
 * the text differs, older or newer. @throws Error in Flux's words when nothing is there
 */
export function update(files: ReadonlyMap<string, string>, path: string, images: ReadonlyMap<string, Image>): Update {
  const marked = inside(files, path).flatMap((file) => {
    const before = files.get(file) ?? "";
    if (!isScanned(file) || !before.includes('"$imagepolicy"') || !isReadable(before)) return [];
    const after = [...images].reduce((text, [policy, image]) => setMarked(text, policy, image), before);
    return before === after ? [] : [{ file, before, after }];
  });
  return {
    texts: new Map(marked.map(({ file, after }) => [file, after])),
    changes: marked.flatMap(({ file, before, after }) => changesIn(file, before, after)),
  };
}
