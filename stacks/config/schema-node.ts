import { z } from "zod";

/** The schema of what a node is told beside its place in the cluster; a part of `schema.ts`. */

/** Without scheme, as k3s' etcd-s3-endpoint wants it. */
const endpoint = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$/,
    "use a host without https://, such as fsn1.your-objectstorage.com",
  );

const bucket = z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "use a bucket name such as acme-prod-etcd");

const cron = z
  .string()
  .regex(/^[0-9*/,-]+( [0-9*/,-]+){4}$/, "use five fields, such as 0 */6 * * * for every six hours");

const snapshots = z.strictObject({
  endpoint,
  bucket,
  region: z.string().regex(/^[a-z0-9-]+$/, "use a region such as fsn1"),
  folder: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/, "use a folder such as prod")
    .optional()
    .describe("inside the bucket; the stage's name, if not given"),
  schedule: cron.default("0 */6 * * *"),
  retention: z.int().min(1).default(28).describe("how many are kept, scheduled ones"),
});

/** Keys of `cluster`. */
export const nodeKeys = {
  cloudProvider: z
    .enum(["hcloud", "none"])
    .default("hcloud")
    .describe("hcloud: Hetzner's cloud controller manager and CSI driver, with a token of their own; none: k3s alone"),
  mirror: z
    .string()
    .regex(/^https:\/\/[^/@\s?#]+(\/[^/@\s?#]+)*$/, "use https:// without a user and without a slash at the end")
    .optional()
    .describe("holds the releases below their own host's name; their digests are the same"),
  snapshots: snapshots.optional().describe("etcd's snapshots, kept in S3 too"),
};

/** Keys of `repository`. */
export const bootstrapKeys = {
  bootstrap: z
    .enum(["git", "github"])
    .default("git")
    .describe("which flux bootstrap runs on the first server; github: with a token, on https://github.com"),
  personal: z
    .boolean()
    .default(true)
    .describe("whether the repository's owner is a person; false for an organisation; only flux bootstrap github asks"),
};
