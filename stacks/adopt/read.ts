/** A repository's YAML as somebody wrote it: what cannot be read is reported and skipped, never a reason to stop. */
import { type Document, LineCounter, parseAllDocuments } from "yaml";
import { parseImage } from "../tree/image.ts";
import type { Marker } from "../tree/marker.ts";
import { isScanned, markedSites } from "../tree/setters.ts";
import type { Finding } from "./finding.ts";

/** Path in the repository to text. */
export interface Files {
  readonly [path: string]: string;
}

type Key = string | number;

/** One document of a file. Nothing in it can be trusted to have its right type, so it is asked value by value. */
export interface Found {
  readonly path: string;
  /** Its place among the file's documents. */
  readonly index: number;
  readonly get: (...keys: readonly Key[]) => unknown;
  /** A string, or `""`. */
  readonly text: (...keys: readonly Key[]) => string;
  readonly list: (...keys: readonly Key[]) => readonly unknown[];
  /** Where the value stands, or the nearest thing above it that is there. */
  readonly line: (...keys: readonly Key[]) => number;
}

/** A line that says which policy sets it. */
export interface MarkedLine extends Marker {
  readonly path: string;
  readonly line: number;
  /** Image without tag; empty where it cannot be told. */
  readonly image: string;
  readonly tag: string;
  /** JSON 6902: Flux's setter does not read it (fluxcd/flux2#2826). */
  readonly isList: boolean;
}

export interface Read {
  readonly files: Files;
  readonly documents: readonly Found[];
  readonly markers: readonly MarkedLine[];
  readonly findings: readonly Finding[];
}

/** No manifest that people write by hand is longer; bootstrap's own components are, and are not read. */
const maxCharacters = 1_000_000;
const isOfBootstrap = (path: string): boolean => path.endsWith("/gotk-components.yaml");

/** The value at the end of the keys; only what the document itself has, never what every object has. */
export function at(value: unknown, keys: readonly Key[]): unknown {
  return keys.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null && Object.hasOwn(inner, key)
        ? (inner as { readonly [key: string]: unknown })[key]
        : undefined,
    value,
  );
}

/** A mapping's keys; none of anything else. */
export const keysOf = (value: unknown): readonly string[] =>
  typeof value === "object" && value !== null ? Object.keys(value) : [];

function nearest(document: Document, keys: readonly Key[]): number {
  for (let length = keys.length; length >= 0; length -= 1) {
    const node = length > 0 ? document.getIn(keys.slice(0, length), true) : document.contents;
    const [start] = (node as { readonly range?: readonly number[] } | undefined | null)?.range ?? [];
    if (start !== undefined) return start;
  }
  return 0;
}

/** A value as a document of a file, for what people write inside other files: inline patches. */
export function asFound(value: unknown, path: string, index = 0): Omit<Found, "line"> {
  const get = (...keys: readonly Key[]) => at(value, keys);
  const text = (...keys: readonly Key[]) => {
    const found = get(...keys);
    return typeof found === "string" ? found : "";
  };
  const list = (...keys: readonly Key[]) => {
    const found = get(...keys);
    return Array.isArray(found) ? found : [];
  };
  return { path, index, get, text, list };
}

function documentsOf(path: string, text: string): readonly Found[] {
  const lines = new LineCounter();
  // A template's `{{ .x }}` is a key of odd kind to yaml, and no reason for a warning of Node's.
  return parseAllDocuments(text, { lineCounter: lines, logLevel: "error" }).map((document, index) => {
    const [error] = document.errors;
    if (error) throw error;
    const line = (...keys: readonly Key[]) => lines.linePos(nearest(document, keys)).line;
    return { ...asFound(document.toJS() as unknown, path, index), line };
  });
}

/** A tag alone has its image beside it: kustomize's `images` entry. */
function markedLines(path: string, text: string, documents: readonly Found[]): readonly MarkedLine[] {
  return markedSites(text).map(({ marker, value, line, place }) => {
    const [index = "", ...keys] = place.split("/");
    const document = documents[Number(index)];
    const beside = (key: string) => document?.text(...keys.slice(0, -1), key) ?? "";
    const whole = marker.part === "image" ? parseImage(value) : undefined;
    const image = whole?.name ?? (beside("newName") || beside("name"));
    const tag = whole ? (whole.tag ?? "") : marker.part === "tag" ? value : "";
    return { ...marker, path, line, image, tag, isList: Array.isArray(document?.get()) };
  });
}

function unreadable(path: string, error: unknown): Finding {
  const [first = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  const line = (error as { readonly linePos?: readonly { readonly line: number }[] }).linePos?.[0]?.line ?? 1;
  const message = `is no YAML that can be read (${first.replace(/:$/, "")}): Flux stops at it as well; skipped here`;
  return { code: "unreadable", severity: "error", path, line, message };
}

function readFile(path: string, text: string): Omit<Read, "files"> {
  if (text.length > maxCharacters) {
    const message = `is longer than ${maxCharacters} characters: skipped here`;
    return {
      documents: [],
      markers: [],
      findings: [{ code: "too-long", severity: "warning", path, line: 1, message }],
    };
  }
  try {
    const documents = documentsOf(path, text);
    return { documents, markers: markedLines(path, text, documents), findings: [] };
  } catch (error) {
    // yaml's own errors, its limit on aliases, and a stack that a deep nesting exhausts: all are the file's doing.
    return { documents: [], markers: [], findings: [unreadable(path, error)] };
  }
}

/** Reads what Flux and kustomize would; other files are of no concern here. */
export function read(files: Files): Read {
  const paths = Object.keys(files).filter((path) => isScanned(path) && !isOfBootstrap(path));
  const parts = paths.toSorted().map((path) => readFile(path, files[path] ?? ""));
  return {
    files,
    documents: parts.flatMap(({ documents }) => documents).filter((document) => document.get() !== null),
    markers: parts.flatMap(({ markers }) => markers),
    findings: parts.flatMap(({ findings }) => findings),
  };
}

/** kustomize reads three names for its own file (kyaml konfig, RecognizedKustomizationFileNames). */
export const isKustomizationFile = (path: string): boolean => /(^|\/)(kustomization\.ya?ml|Kustomization)$/.test(path);

/** Flux's objects of a kind; kustomize has a Kustomization of its own. */
export const ofFlux = ({ documents }: Read, kind: string): readonly Found[] =>
  documents.filter((each) => each.text("kind") === kind && /\.toolkit\.fluxcd\.io\//.test(each.text("apiVersion")));

/** As people write paths in Flux's objects, `./apps/blog/prod/`, and as git lists them. */
export const plainPath = (path: string): string =>
  path
    .replace(/^(\.?\/)+/, "")
    .replace(/\/+$/, "")
    .replace(/^\.$/, "");

/** An object's namespace, its own or the one that its folder's kustomization.yaml sets. */
export function namespaceOf(found: Found, { documents }: Read): string {
  const folder = found.path.slice(0, found.path.lastIndexOf("/") + 1);
  const beside = documents.find(
    (each) =>
      isKustomizationFile(each.path) && each.path.startsWith(folder) && !each.path.slice(folder.length).includes("/"),
  );
  return beside?.text("namespace") || found.text("metadata", "namespace");
}
