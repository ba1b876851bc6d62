/** The Common Gateway Interface (RFC 3875) as far as `git http-backend` uses it. */
import type { IncomingMessage } from "node:http";
import querystring from "node:querystring";

/** The request as the backend reads it from its environment. It unpacks a gzipped body itself. */
export function cgiEnv(
  { method = "GET", url = "/", headers }: Pick<IncomingMessage, "method" | "url" | "headers">,
  root: string,
): { readonly [name: string]: string } {
  const [path = "", ...query] = url.split("?");
  const env = {
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: "1",
    GATEWAY_INTERFACE: "CGI/1.1",
    REQUEST_METHOD: method,
    PATH_INFO: querystring.unescape(path),
    QUERY_STRING: query.join("?"),
    REMOTE_ADDR: "127.0.0.1",
    CONTENT_TYPE: headers["content-type"],
    // Absent when the client sends chunks, as git does with large packs; the backend then reads to the end.
    CONTENT_LENGTH: headers["content-length"],
    HTTP_CONTENT_ENCODING: headers["content-encoding"],
    GIT_PROTOCOL: headers["git-protocol"],
  };
  return Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value ? [[name, String(value)]] : [])));
}

export interface CgiHead {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  /** The beginning of the body. */
  readonly rest: Buffer;
}

/** The head of the backend's answer, once all of it is there. */
export function cgiHead(answer: Buffer): CgiHead | undefined {
  const end = answer.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const lines = answer.toString("latin1", 0, end).split("\r\n");
  const { Status: status, ...headers } = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]),
  );
  return { status: status ? Number.parseInt(status, 10) : 200, headers, rest: answer.subarray(end + 4) };
}
