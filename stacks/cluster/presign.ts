/** SHELL: an address of an object in an S3 store that works without keys for a while (AWS Signature Version 4, query form). */
import { createHash, createHmac } from "node:crypto";

export interface StoredObject {
  /** Host, with or without https://. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly key: string;
}

export interface StoreKeys {
  readonly accessKey: string;
  readonly secretKey: string;
}

export interface Validity {
  readonly now: Date;
  /** In seconds; seven days at most. */
  readonly seconds: number;
}

const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
const hex = (text: string): string => createHash("sha256").update(text).digest("hex");

/** RFC 3986, stricter than encodeURIComponent. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);

/** The bucket is a part of the host, which every S3 store of today takes. */
export function presigned(object: StoredObject, keys: StoreKeys, { now, seconds }: Validity): string {
  const host = `${object.bucket}.${object.endpoint.replace(/^https:\/\//, "").replace(/\/$/, "")}`;
  const path = `/${object.key.split("/").map(encoded).join("/")}`;
  const time = `${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
  const scope = `${time.slice(0, 8)}/${object.region}/s3/aws4_request`;
  const query = [
    ["X-Amz-Algorithm", "AWS4-HMAC-SHA256"],
    ["X-Amz-Credential", `${keys.accessKey}/${scope}`],
    ["X-Amz-Date", time],
    ["X-Amz-Expires", String(seconds)],
    ["X-Amz-SignedHeaders", "host"],
  ]
    .map(([name = "", value = ""]) => `${name}=${encoded(value)}`)
    .join("&");
  const request = ["GET", path, query, `host:${host}`, "", "host", "UNSIGNED-PAYLOAD"].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", time, scope, hex(request)].join("\n");
  const key = scope.split("/").reduce<string | Buffer>(hmac, `AWS4${keys.secretKey}`);
  return `https://${host}${path}?${query}&X-Amz-Signature=${hmac(key, toSign).toString("hex")}`;
}
