import { z } from "zod";

/** The schema of what a node is told beside its place in the cluster; a part of `schema.ts`. */

/** Without scheme, as k3s' etcd-s3-endpoint wants it. */
const endpoint = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$/,
    "use a host without https://, such as fsn1.your-objectstorage.com",
  )
  .meta({ examples: ["fsn1.your-objectstorage.com"] });

const bucket = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "use a bucket name such as acme-prod-etcd")
  .meta({ examples: ["acme-prod-etcd"] });

const cron = z
  .string()
  .regex(/^[0-9*/,-]+( [0-9*/,-]+){4}$/, "use five fields, such as 0 */6 * * * for every six hours");

const snapshots = z.strictObject({
  endpoint: endpoint.describe("the store's host, without https://"),
  bucket: bucket.describe("which has to be there"),
  region: z
    .string()
    .regex(/^[a-z0-9-]+$/, "use a region such as fsn1")
    .meta({ examples: ["fsn1"] })
    .describe("as the store names it"),
  folder: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/, "use a folder such as prod")
    .optional()
    .describe("inside the bucket; the stage's name, if not given"),
  schedule: cron.default("0 */6 * * *").describe("when one is taken, in the five fields of cron"),
  retention: z.int().min(1).default(28).describe("how many are kept, scheduled ones"),
});

/** Keys of `cluster`. */
export const nodeKeys = {
  access: z
    .enum(["direct", "none"])
    .default("direct")
    .describe("none: this program never reaches the cluster's API; its credential for git then lies in user data"),
  cloudProvider: z
    .enum(["hcloud", "none"])
    .default("hcloud")
    .describe("hcloud: Hetzner's cloud controller manager and CSI driver, with a token of their own; none: k3s alone"),
  rotate: z
    .strictObject({
      deployKey: z
        .int()
        .min(1)
        .default(1)
        .describe("raise it, and the stage gets another deploy key; the old one goes"),
      adminCertificate: z
        .int()
        .min(1)
        .default(1)
        .describe("raise it, and the stage gets another admin certificate; the old one works until its end"),
      agentToken: z
        .int()
        .min(1)
        .default(1)
        .describe("raise it, and agents join with another token; those that have joined need none"),
      serverToken: z
        .int()
        .min(1)
        .default(1)
        .describe("raise it, and all servers take another token, one after the other; k3s starts again on each"),
    })
    .default({ deployKey: 1, adminCertificate: 1, agentToken: 1, serverToken: 1 })
    .describe("secrets that this program makes, each by its generation"),
  mirror: z
    .string()
    .regex(/^https:\/\/[^/@\s?#]+(\/[^/@\s?#]+)*$/, "use https:// without a user and without a slash at the end")
    .meta({ examples: ["https://mirror.example.com"] })
    .optional()
    .describe("holds the releases below their own host's name; their digests are the same"),
  snapshots: snapshots.optional().describe("etcd's snapshots, kept in S3 too"),
};

/** A line of known_hosts without wildcards and markers: which host shows which key. */
const hostKey = z
  .string()
  .regex(
    /^(\[[a-z0-9.-]+\]:[0-9]{1,5}|[a-z0-9.-]+) (ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+={0,2}$/,
    "use a line as ssh-keyscan prints it: git.example.com ssh-ed25519 AAAA…",
  )
  .meta({ examples: ["git.example.com ssh-ed25519 AAAA…"] });

/** Keys of `repository`. */
export const bootstrapKeys = {
  knownHosts: z
    .array(hostKey)
    .optional()
    .describe("the git host's own keys, one a line of known_hosts; GitHub's are known, every other host's are not"),
  bootstrap: z
    .enum(["git", "github"])
    .default("git")
    .describe("which flux bootstrap runs on the first server; github: with a token, on https://github.com"),
  personal: z
    .boolean()
    .default(true)
    .describe("whether the repository's owner is a person; false for an organisation; only flux bootstrap github asks"),
};
