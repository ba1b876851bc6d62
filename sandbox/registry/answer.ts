/** A request to a repository and the answer to it, as plain values. */
import type { Store } from "./store.ts";

export interface Request {
  readonly method: string;
  /** Path and query, as in the request line. */
  readonly target: string;
  readonly contentType: string | undefined;
  readonly contentRange: string | undefined;
  readonly body: Buffer;
}

/** A request, taken apart. */
export interface Call extends Request {
  readonly store: Store;
  readonly repository: string;
  /** Tag, digest or upload. */
  readonly reference: string;
  readonly query: URLSearchParams;
}

export interface Answer {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  readonly body?: Buffer;
}

export function json(status: number, value: object, headers: Answer["headers"] = {}): Answer {
  return {
    status,
    headers: { "content-type": "application/json", ...headers },
    body: Buffer.from(JSON.stringify(value)),
  };
}

/** The error envelope of spec.md ("Error Codes"). */
export const failure = (status: number, code: string, message: string): Answer =>
  json(status, { errors: [{ code, message, detail: null }] });

export const created = (location: string, digest: string): Answer => ({
  status: 201,
  headers: { location, "docker-content-digest": digest },
});

/** What is kept under a digest, as it was pushed. */
export function content(store: Store, digest: string): Answer | undefined {
  const found = store.contents.get(digest);
  return (
    found && {
      status: 200,
      headers: { "content-type": found.type, "docker-content-digest": digest },
      body: found.bytes,
    }
  );
}
