/** SHELL: one GET, by Node's own client: `fetch` is a program of its own, and takes a tenth of a preview to load. */
import type { IncomingHttpHeaders } from "node:http";
import { text } from "node:stream/consumers";
import { createGunzip } from "node:zlib";

// An import of node:http asks for all that it exports, `fetch`'s WebSocket among it.
const http = process.getBuiltinModule("node:http");
const https = process.getBuiltinModule("node:https");

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Asked {
  readonly headers: { readonly [name: string]: string };
  readonly signal: AbortSignal;
}

/**
 * Whatever it answers, redirections too, which are not followed.
 * @throws Error of Node with its `code`; once the signal is aborted, its reason
 */
export function request(url: string, { headers, signal }: Asked): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const failed = (error: unknown) => reject(signal.aborted ? signal.reason : error);
    const { get } = url.startsWith("https:") ? https : http;
    const asked = get(url, { headers: { ...headers, "accept-encoding": "gzip" }, signal }, (response) => {
      const isPacked = response.headers["content-encoding"] === "gzip";
      // Its errors end what is unpacked as well.
      const body = isPacked ? response.on("error", failed).pipe(createGunzip()) : response;
      const { statusCode: status = 0, headers: answered } = response;
      text(body).then((all) => resolve({ status, headers: answered, text: all }), failed);
    });
    asked.on("error", failed);
  });
}
