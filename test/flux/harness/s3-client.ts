/** Requests to an S3 store, signed in their headers (AWS Signature Version 4) by code that the product has no part in. */
import { createHash, createHmac } from "node:crypto";
import { request } from "node:https";
import { connect } from "node:net";
import { connect as secured } from "node:tls";
import type { S3Store, Store } from "./s3.ts";

export interface Answer {
  readonly status: number;
  readonly body: string;
}

interface Asking {
  readonly method: "GET" | "PUT" | "DELETE";
  readonly url: URL;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

function signature({ region, keys }: Store, { method, url, body = "" }: Asking) {
  const time = `${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
  const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`;
  const query = [...url.searchParams].map((pair) => pair.map(encodeURIComponent).join("=")).toSorted();
  const headers = `host:${url.host}\nx-amz-content-sha256:${sha256(body)}\nx-amz-date:${time}\n`;
  const signed = "host;x-amz-content-sha256;x-amz-date";
  const canonical = [method, url.pathname, query.join("&"), headers, signed, sha256(body)].join("\n");
  const key = scope.split("/").reduce<string | Buffer>(hmac, `AWS4${keys.secretKey}`);
  const value = hmac(key, ["AWS4-HMAC-SHA256", time, scope, sha256(canonical)].join("\n")).toString("hex");
  const credential = `Credential=${keys.accessKey}/${scope}, SignedHeaders=${signed}, Signature=${value}`;
  return {
    "x-amz-date": time,
    "x-amz-content-sha256": sha256(body),
    authorization: `AWS4-HMAC-SHA256 ${credential}`,
  };
}

/** By the store's proxy, as whatever runs under `HTTPS_PROXY`. */
export async function ask({ proxy, authority }: S3Store, { method, url, headers = {}, body = "" }: Asking) {
  const { hostname, port } = new URL(proxy);
  const socket = connect(Number(port), hostname);
  socket.write(`CONNECT ${url.host}:443 HTTP/1.1\r\nHost: ${url.host}:443\r\n\r\n`);
  await new Promise((resolve) => socket.once("data", resolve));
  const createConnection = () => secured({ socket, servername: url.host, ca: authority });
  return new Promise<Answer>((resolve, reject) => {
    const asked = request(url, { method, headers: { host: url.host, ...headers }, createConnection }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") }));
    });
    asked.on("error", reject).end(body);
  });
}

/** With the store's keys. `path` begins with a slash and may end with a query. */
export function s3Client(store: Store, s3: S3Store, bucket: string) {
  return (method: Asking["method"], path: string, body = ""): Promise<Answer> => {
    const asking = { method, url: new URL(`https://${bucket}.${store.host}${path}`), body };
    return ask(s3, { ...asking, headers: signature(store, asking) });
  };
}
