/** The scalars that carry markers. Files are changed by splicing the scalar's own characters, so every other byte stays. */
import { isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments, type Scalar, YAMLParseError } from "yaml";
import { formatImage, type Image, parseImage } from "./image.ts";
import { hasMarkers, type Marker, type Part, parseMarker } from "./marker.ts";

/** A scalar as it stands in a text; `source` are its characters from `start`, quotes included. */
interface Site {
  readonly value: string;
  readonly source: string;
  readonly start: number;
  readonly line: number;
  /** Its position in the structure, which survives edits around it: `0/spec/newTag`. */
  readonly place: string;
  readonly marker: Marker | undefined;
}

export type Setter = Site & { readonly marker: Marker };

/** Flux's automation opens these files only; elsewhere a marker is just text. */
export function isScanned(path: string): boolean {
  return /\.ya?ml$/.test(path) || path.split("/").at(-1) === "Kustomization";
}

function scalars(node: unknown, place: string): readonly (readonly [Scalar, string])[] {
  if (isScalar(node)) return [[node, place]];
  if (isSeq<Node>(node)) return node.items.flatMap((item, index) => scalars(item, `${place}/${index}`));
  if (isMap<Node, Node>(node)) return node.items.flatMap(({ key, value }) => scalars(value, `${place}/${key}`));
  return [];
}

/** Every scalar value in file order. Throws yaml's own error when the text is no YAML. */
function sites(text: string): readonly Site[] {
  const lineCounter = new LineCounter();
  return parseAllDocuments(text, { lineCounter }).flatMap((document, index) => {
    const [error] = document.errors;
    if (error) throw error;
    return scalars(document.contents, `${index}`).map(([scalar, place]) => {
      const [start, end] = scalar.range ?? [0, 0];
      const { line } = lineCounter.linePos(start);
      const marker = parseMarker(scalar.comment);
      return { value: scalar.source ?? "", source: text.slice(start, end), start, line, place, marker };
    });
  });
}

const hasMarker = (site: Site): site is Setter => site.marker !== undefined;

/** Every marked scalar in file order, held and pinned ones too. Throws yaml's own error when a text that names a marker is no YAML. */
export function markedSites(text: string): readonly Setter[] {
  return hasMarkers(text) ? sites(text).filter(hasMarker) : [];
}

/** The scalars that Flux sets. Throws as `markedSites` does. */
export function setters(text: string): readonly Setter[] {
  return text.includes('"$imagepolicy"') ? markedSites(text).filter(({ marker }) => !marker.frozen) : [];
}

/** Those whose live value is kept: Flux's, and held ones. A pinned one is the configuration's. */
export function keptSites(text: string): readonly Setter[] {
  return markedSites(text).filter(({ marker }) => marker.frozen !== "pinned" && marker.part !== "name");
}

interface Edit {
  readonly site: Site;
  readonly source: string;
}

function splice(text: string, edits: readonly Edit[]): string {
  const backwards = edits.toSorted((a, b) => b.site.start - a.site.start);
  return backwards.reduce(
    (result, { site, source }) => result.slice(0, site.start) + source + result.slice(site.start + site.source.length),
    text,
  );
}

/** Tag and digest of a marked value: what Flux owns. The image's name belongs to the configuration. */
export function version({ marker, value }: Setter): string {
  if (marker.part === "name") return "";
  return marker.part === "image" ? formatImage({ ...parseImage(value), name: "" }) : value;
}

/** The live value's characters under the desired image name, or nothing when there is no value to keep. */
function carried(desired: Setter, live: Setter): string | undefined {
  const isBlank = version(live) === "" && live.marker.part !== "digest";
  if (isBlank || live.source === "" || live.source.includes("\n")) return undefined;
  if (live.marker.part !== "image") return live.source;
  const { name } = parseImage(live.value);
  const renamed = parseImage(desired.value).name;
  if (live.source.includes(name)) return live.source.replace(name, () => renamed);
  return JSON.stringify(formatImage({ ...parseImage(live.value), name: renamed }));
}

export type Kept =
  | { readonly kind: "kept"; readonly text: string }
  /** The live text has no value for these markers, so writing the desired one could run an older version. */
  | { readonly kind: "lost"; readonly setters: readonly Setter[] };

/** The desired text with the values that stand under the same markers of the live one. Throws yaml's error for bad YAML. */
export function keepValues(desired: string, live: string): Kept {
  const wanted = keptSites(desired);
  if (wanted.length === 0) return { kind: "kept", text: desired };
  const present = sites(live);
  const taken = new Map<string, number>();
  const source = (site: Setter): string | undefined => {
    const id = `${site.marker.policy}:${site.marker.part}`;
    const nth = taken.get(id) ?? 0;
    taken.set(id, nth + 1);
    const same = present.filter(hasMarker).filter(({ marker: { policy, part } }) => `${policy}:${part}` === id);
    const from = same[nth] ?? same.at(-1);
    if (from) return carried(site, from);
    // A marker may be renamed or put back where the same value already stands: nothing moves.
    return present.find(({ place }) => place === site.place)?.value === site.value ? site.source : undefined;
  };
  const found = wanted.map((site) => ({ site, source: source(site) }));
  const lost = found.filter((edit) => edit.source === undefined).map(({ site }) => site);
  if (lost.length > 0) return { kind: "lost", setters: lost };
  return {
    kind: "kept",
    text: splice(
      desired,
      found.map(({ site, source = site.source }) => ({ site, source })),
    ),
  };
}

/** The text without the values of its own kept sites: equal for two texts exactly when nobody else changed anything. */
export function blanked(text: string, kept: readonly Setter[]): string {
  const blank = (site: Setter) => (site.marker.part === "image" ? parseImage(site.value).name : "");
  return splice(
    text,
    kept.map((site) => ({ site, source: blank(site) })),
  );
}

/** The same of any text; one that is no YAML has no values of Flux's. */
export function withoutValues(text: string): string {
  try {
    return blanked(text, keptSites(text));
  } catch (error) {
    if (error instanceof YAMLParseError) return text;
    throw error;
  }
}

function partOf({ name, tag, digest }: Image, part: Part): string {
  return { image: formatImage({ name, tag, digest }), name, tag: tag ?? "", digest: digest ?? "" }[part];
}

/** What a tag can be that is no string to go-yaml, unless it overflows (kyaml yaml/compatibility.go, IsValueNonString). */
const noString =
  /^(|[yn]|yes|no|on|off|true|false|null|\d[\d_]*(\.[\d_]*)?(e[-+]?\d+)?|0(o[0-7_]+|x[\da-f_]+|b[01_]+)|\d{4}-\d\d?-\d\d?)$/i;

/** As kyaml writes: the quotes stay as they are; a plain value that would be no string gets double quotes. */
function requoted(site: Site, value: string): string {
  const [quote = ""] = /^["']/.exec(site.source) ?? [];
  if (quote) return `${quote}${value}${quote}`;
  return noString.test(value) && Number(value) !== Number.POSITIVE_INFINITY ? JSON.stringify(value) : value;
}

/**
 * Sets every scalar marked with the policy, as Flux's automation does: a key without any value stays without. A text that
 * has it already comes back as it is.
 */
export function setMarked(text: string, policy: string, image: Image): string {
  const own = setters(text).filter(({ marker, source }) => marker.policy === policy && source !== "");
  const edits = own.map((site) => ({ site, value: partOf(image, site.marker.part) }));
  const changed = edits.filter(({ site, value }) => site.value !== value);
  return splice(
    text,
    changed.map(({ site, value }) => ({ site, source: requoted(site, value) })),
  );
}
