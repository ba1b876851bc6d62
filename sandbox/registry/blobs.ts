import { randomUUID } from "node:crypto";
import { type Answer, type Call, content, created, failure } from "./answer.ts";
import { digestOf, keep } from "./store.ts";

export const readBlob = ({ store, reference }: Call): Answer =>
  content(store, reference) ?? failure(404, "BLOB_UNKNOWN", `there is no blob ${reference}`);

function finish({ store, repository, query }: Call, bytes: Buffer): Answer {
  const digest = digestOf(bytes);
  if (query.get("digest") !== digest) return failure(400, "DIGEST_INVALID", `what was sent has the digest ${digest}`);
  return created(`/v2/${repository}/blobs/${keep(store, { type: "application/octet-stream", bytes })}`, digest);
}

const rangeOf = ({ length }: Buffer): string => `0-${Math.max(0, length - 1)}`;

/** Blobs come in one request, or part by part. Parts do not outlive the process: a client has to bear that anyway. */
export function blobUploads() {
  const uploads = new Map<string, Buffer>();
  const accepted = ({ repository }: Call, id: string, bytes: Buffer): Answer => {
    uploads.set(id, bytes);
    return { status: 202, headers: { location: `/v2/${repository}/blobs/uploads/${id}`, range: rangeOf(bytes) } };
  };
  const upload = (work: (call: Call, before: Buffer) => Answer) => (call: Call) => {
    const before = uploads.get(call.reference);
    return before ? work(call, before) : failure(404, "BLOB_UPLOAD_UNKNOWN", `there is no upload ${call.reference}`);
  };
  return {
    begin: (call: Call) =>
      call.query.has("digest") ? finish(call, call.body) : accepted(call, randomUUID(), Buffer.alloc(0)),
    add: upload((call, before) => {
      const start = Number.parseInt(call.contentRange ?? String(before.length), 10);
      if (start !== before.length) return { status: 416, headers: { range: rangeOf(before) } };
      return accepted(call, call.reference, Buffer.concat([before, call.body]));
    }),
    end: upload((call, before) => {
      uploads.delete(call.reference);
      return finish(call, Buffer.concat([before, call.body]));
    }),
  };
}
