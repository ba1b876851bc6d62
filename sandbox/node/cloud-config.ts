/**
 * User data as cloud-init reads it on a first boot (cloudinit/sources/DataSourceHetzner.py, user_data.py,
 * config/cc_write_files.py, config/cc_runcmd.py).
 */
import { gunzipSync } from "node:zlib";
import { parseDocument } from "yaml";
import { z } from "zod";
import { NodeError } from "./error.ts";

export interface NodeFile {
  readonly path: string;
  /** `0600` */
  readonly permissions: string;
  readonly content: string;
}

export interface CloudConfig {
  readonly files: readonly NodeFile[];
  /** Each a program with its arguments. */
  readonly commands: readonly (readonly string[])[];
}

const gzip = [0x1f, 0x8b];

/** What base64 and gzip hold, each where there is one. A line's end is no base64 to Hetzner's data source. */
export function unpackedUserData(userData: string): string {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(userData)) return userData;
  const bytes = Buffer.from(userData, "base64");
  return (gzip.every((byte, index) => bytes[index] === byte) ? gunzipSync(bytes) : bytes).toString("utf8");
}

const base64 = (content: string) => Buffer.from(content, "base64");

/** By the names that cloud-init gives them. */
const decoders: { readonly [encoding: string]: (content: string) => string } = {
  "text/plain": (content) => content,
  b64: (content) => base64(content).toString("utf8"),
  "gz+b64": (content) => gunzipSync(base64(content)).toString("utf8"),
};

const file = z.strictObject({
  path: z.string().regex(/^(\/(?!\.\.?(\/|$))[^/]+)+$/, "must be an absolute path"),
  permissions: z
    .string()
    .regex(/^0[0-7]{3}$/, "must be four octal digits in quotes")
    .default("0644"),
  encoding: z.enum(["text/plain", "b64", "gz+b64"]).default("text/plain"),
  content: z.string({ error: "must be text; PyYAML reads what it is not quoted for" }),
});

/** Nothing else is understood: what cloud-init would do and the stand-in would not must not go unseen. */
const schema = z.strictObject({
  write_files: z.array(file).min(1),
  runcmd: z.array(z.array(z.string()).min(1)),
});

/** @throws NodeError that says at once everything that cloud-init would not take, or the stand-in does not know */
export function parseCloudConfig(userData: string): CloudConfig {
  const text = unpackedUserData(userData);
  if (!text.startsWith("#cloud-config\n")) {
    throw new NodeError(["the first line is not #cloud-config, so cloud-init takes it for something else"]);
  }
  // PyYAML reads YAML 1.1: an unquoted yes is true there, 0600 a number.
  const document = parseDocument(text, { version: "1.1" });
  if (document.errors.length > 0) throw new NodeError(document.errors.map(({ message }) => `is no YAML: ${message}`));
  const parsed = schema.safeParse(document.toJS());
  if (!parsed.success) {
    throw new NodeError(parsed.error.issues.map(({ path, message }) => `${path.join(".") || "user data"}: ${message}`));
  }
  const files = parsed.data.write_files.map(({ encoding, content, ...rest }) => ({
    ...rest,
    content: decoders[encoding]?.(content) ?? "",
  }));
  return { files, commands: parsed.data.runcmd };
}
