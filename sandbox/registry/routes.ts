import { type Content, digestOf } from "./content.ts";

export interface Ask {
  readonly method: string;
  readonly url: URL;
  readonly mediaType: string;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: Buffer | string;
}

/** Error codes of the OCI distribution specification, "Error Codes". */
const failure = (status: number, code: string, message: string): Answer => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ errors: [{ code, message }] }),
});

const json = (value: object, headers = {}): Answer => ({
  status: 200,
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(value),
});

function tagList(content: Content, repository: string, { searchParams }: URL): Answer {
  const known = content.tags.get(repository);
  if (!known) return failure(404, "NAME_UNKNOWN", `repository ${repository} is not known`);
  const last = searchParams.get("last") ?? "";
  const size = Number(searchParams.get("n") ?? Number.POSITIVE_INFINITY);
  const rest = [...known.keys()].toSorted().filter((tag) => tag > last);
  const tags = rest.slice(0, size);
  const next = `</v2/${repository}/tags/list?n=${size}&last=${tags.at(-1)}>; rel="next"`;
  return json({ name: repository, tags }, rest.length > tags.length ? { link: next } : {});
}

function stored(content: Content, digest: string | undefined, method: string): Answer {
  const blob = content.blobs.get(digest ?? "");
  if (!(blob && digest)) return failure(404, "MANIFEST_UNKNOWN", `${digest ?? "the tag"} is not known`);
  const body = Buffer.from(blob.base64, "base64");
  const headers = {
    "content-type": blob.mediaType,
    "content-length": String(body.length),
    "docker-content-digest": digest,
  };
  return { status: 200, headers, ...(method === "HEAD" ? {} : { body }) };
}

function keep(content: Content, { body, mediaType }: Ask): string {
  const digest = digestOf(body);
  content.blobs.set(digest, { mediaType, base64: body.toString("base64") });
  return digest;
}

/** A manifest may only name blobs that are there: an image that cannot be pulled is refused at the push. */
function missingBlob(content: Content, manifest: Buffer): string | undefined {
  const { config, layers = [] } = JSON.parse(manifest.toString("utf8")) as {
    readonly config: { readonly digest: string };
    readonly layers?: readonly { readonly digest: string }[];
  };
  return [config, ...layers].map(({ digest }) => digest).find((digest) => !content.blobs.has(digest));
}

interface Target {
  readonly repository: string;
  readonly reference: string;
}

function manifests(content: Content, ask: Ask, { repository, reference }: Target): Answer {
  const tags = content.tags.get(repository);
  if (ask.method !== "PUT") return stored(content, tags?.get(reference) ?? reference, ask.method);
  const missing = missingBlob(content, ask.body);
  if (missing) return failure(404, "MANIFEST_BLOB_UNKNOWN", `${missing} was not uploaded`);
  const digest = keep(content, ask);
  if (reference !== digest) content.tags.set(repository, new Map([...(tags ?? []), [reference, digest]]));
  content.save();
  return {
    status: 201,
    headers: { location: `/v2/${repository}/manifests/${digest}`, "docker-content-digest": digest },
  };
}

/** Monolithic uploads only: POST names a place, PUT brings all bytes with their digest. */
function uploads(content: Content, ask: Ask, { repository }: Target): Answer {
  if (ask.method === "POST") return { status: 202, headers: { location: `/v2/${repository}/blobs/uploads/1` } };
  const digest = digestOf(ask.body);
  if (ask.url.searchParams.get("digest") !== digest) return failure(400, "DIGEST_INVALID", `the bytes are ${digest}`);
  keep(content, ask);
  content.save();
  return { status: 201, headers: { location: `/v2/${repository}/blobs/${digest}`, "docker-content-digest": digest } };
}

const name = "[a-z0-9]+(?:[._/-][a-z0-9]+)*";
const tagListPath = new RegExp(`^/v2/(${name})/tags/list$`);
const manifestPath = new RegExp(`^/v2/(${name})/manifests/([A-Za-z0-9_][\\w.:-]*)$`);
const uploadPath = new RegExp(`^/v2/(${name})/blobs/uploads/([0-9]*)$`);
const blobPath = new RegExp(`^/v2/(${name})/blobs/(sha256:[0-9a-f]{64})$`);

/** The part of the OCI distribution specification 1.1 that scanning and pushing an image needs. */
export function answer(content: Content, ask: Ask): Answer {
  const { pathname } = ask.url;
  if (pathname === "/v2/") return json({});
  const [, repository] = tagListPath.exec(pathname) ?? [];
  if (repository !== undefined) return tagList(content, repository, ask.url);
  const target = (pattern: RegExp): Target | undefined => {
    const [, found, reference] = pattern.exec(pathname) ?? [];
    return found === undefined ? undefined : { repository: found, reference: reference ?? "" };
  };
  const upload = target(uploadPath);
  if (upload) return uploads(content, ask, upload);
  const manifest = target(manifestPath);
  if (manifest) return manifests(content, ask, manifest);
  const blob = target(blobPath);
  if (blob) return stored(content, blob.reference, ask.method);
  return failure(404, "UNSUPPORTED", `${pathname} is not served by this stand-in`);
}
