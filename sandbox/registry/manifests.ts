import { type Answer, type Call, content, created, failure, json } from "./answer.ts";
import { digestOf, keep, tagsOf } from "./store.ts";

export function readManifest({ store, repository, reference }: Call): Answer {
  const digest = store.tags.get(repository)?.get(reference) ?? reference;
  return content(store, digest) ?? failure(404, "MANIFEST_UNKNOWN", `${repository} has no manifest ${reference}`);
}

interface Descriptor {
  readonly digest: string;
}

/** An image or an index, as far as it names what has to be there before it. */
interface Image {
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly Descriptor[];
}

function parse(body: Buffer): Image | undefined {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return value instanceof Object ? value : undefined;
  } catch {
    return undefined;
  }
}

export function writeManifest({ store, repository, reference, contentType: type, body: bytes }: Call): Answer {
  const image = parse(bytes);
  if (!image || !type) return failure(400, "MANIFEST_INVALID", "a manifest is JSON and has a content type");
  const { config, layers = [], manifests = [] } = image;
  const named = [...(config ? [config] : []), ...layers, ...manifests].map(({ digest }) => digest);
  const absent = named.find((digest) => !store.contents.has(digest));
  if (absent) return failure(400, "MANIFEST_BLOB_UNKNOWN", `${absent} was not pushed`);
  const digest = digestOf(bytes);
  const byDigest = reference.includes(":");
  if (byDigest && reference !== digest) return failure(400, "DIGEST_INVALID", `what was sent has the digest ${digest}`);
  keep(store, { type, bytes });
  const tags = store.tags.get(repository) ?? new Map<string, string>();
  store.tags.set(repository, byDigest ? tags : tags.set(reference, digest));
  return created(`/v2/${repository}/manifests/${digest}`, digest);
}

/** Page by page: `n` at most, those after `last`; `Link` names the next page while there is one. */
export function listTags({ store, repository, query }: Call): Answer {
  const rest = tagsOf(store, repository, query.get("last") ?? undefined);
  if (!rest) return failure(404, "NAME_UNKNOWN", `there is no repository ${repository}`);
  const n = query.get("n") ?? String(rest.length);
  if (!/^\d+$/.test(n)) return failure(400, "PAGINATION_NUMBER_INVALID", `n=${n} is no number`);
  const tags = rest.slice(0, Number(n));
  const last = tags.at(-1);
  const link = `</v2/${repository}/tags/list?${new URLSearchParams({ n, last: last ?? "" })}>; rel="next"`;
  return json(200, { name: repository, tags }, last !== undefined && tags.length < rest.length ? { link } : {});
}
