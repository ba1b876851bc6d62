import { z } from "zod";
import { branch, folder, gitUrl, host, image, name, port, quantity, tag, variable } from "./names.ts";
import { channel, expression } from "./schema-channel.ts";
import { cluster } from "./schema-cluster.ts";
import {
  additions,
  infrastructure,
  kustomizations,
  notifications,
  stageCharts,
  webhooks,
} from "./schema-infrastructure.ts";
import { bootstrapKeys } from "./schema-node.ts";

/**
 * What people write, key by key, strictly: a key that nobody reads is an error. Rules that look at one value only stand
 * here; rules that compare values are in crosscheck.ts.
 */

const repository = z.strictObject({
  url: gitUrl.describe("the GitOps repository as the clusters reach it: ssh with a deploy key, https with a token"),
  pushUrl: gitUrl.optional().describe("as this program pushes to it, when that differs from url"),
  branch: branch.default("main"),
  decryption: z
    .strictObject({ secret: name })
    .optional()
    .describe("the Secret in flux-system with the stage's age key; files encrypted with SOPS are then decrypted"),
  write: z
    .strictObject({
      secret: name.describe("in flux-system: identity, identity.pub and known_hosts, or username and password"),
      provider: z
        .enum(["generic", "github"])
        .default("generic")
        .describe("github: the Secret has githubAppID, githubAppInstallationID and githubAppPrivateKey"),
      url: gitUrl.optional().describe("as image automation pushes to it, when that differs from url"),
    })
    .default({ secret: "flux-system", provider: "generic" })
    .describe("what image automation pushes with; bootstrap's Secret, if not given"),
  ...bootstrapKeys,
});

const stage = z.strictObject({
  name: name,
  path: folder.describe("the cluster's folder in the repository"),
  channel: channel.describe("which tags the stage takes"),
  alsoAccepts: z.array(name).default([]).describe("stages whose tags this one may take too"),
  samples: z.array(tag).default([]).describe("tags that this stage takes and no other, checked in every run"),
});

/** Kubernetes' own words and defaults. Success is one answer, as it has to be for liveness and startup. */
const probe = z.strictObject({
  path: z
    .string()
    .regex(/^\/[!-~]*$/, "use a path such as /healthz")
    .exactOptional()
    .describe("answered with 200 to 399 over http; without one, a connection is enough"),
  periodSeconds: z.int().min(1).exactOptional(),
  timeoutSeconds: z.int().min(1).exactOptional(),
  failureThreshold: z.int().min(1).exactOptional(),
});

const app = z.strictObject({
  image: image.describe("without tag"),
  namespace: name.optional().describe("the app's name, if not given"),
  pullSecret: name.optional().describe("dockerconfigjson Secret in the app's namespace, to scan and to run the image"),
  decryption: z.strictObject({ secret: name }).optional().describe("the repository's, if not given"),
  base: z
    .enum(["rendered", "external"])
    .default("rendered")
    .describe("external: apps/<app>/base is yours, with a Deployment named after the app"),
  container: name
    .optional()
    .describe("which container of an external base runs the image; the app's name, if not given"),
  ports: z.strictObject({ container: port, service: port.default(80) }).optional(),
  security: z
    .enum(["restricted", "baseline"])
    .optional()
    .describe(
      "the Pod Security Standard that its pods meet, restricted, if not given; baseline, where the image runs as root",
    ),
  user: z
    .int()
    .refine(
      (uid) => uid > 0,
      "use the uid of the image's user; an image that runs as root has security: baseline instead",
    )
    .optional()
    .describe("uid to run as, where the image names its user by a word or runs as root without need"),
  probes: z
    .strictObject({ readiness: probe.default({}), liveness: probe.optional(), startup: probe.optional() })
    .optional()
    .describe("on the container's port; readiness by a connection, if not given"),
  ingress: z
    .array(z.enum(["http", "https"]))
    .default([])
    .describe("which Ingresses the base has"),
  issuer: name.optional().describe("cert-manager ClusterIssuer for the HTTPS hosts"),
  tag: tag.default("v0.0.1-develop.1").describe("tag in the base; never run, every stage replaces it"),
  digest: z
    .enum(["Always", "IfNotPresent", "Never"])
    .default("Never")
    .describe("whether Flux writes the digest beside the tag: IfNotPresent once, Always whenever the tag moves"),
  exclude: z
    .array(expression)
    .max(23, "Flux excludes by at most 25 expressions, of which 2 are there already")
    .default([])
    .describe("regular expressions of tags that Flux does not even look at; they match anywhere"),
  stages: z.array(name).optional().describe("where the app runs; everywhere, if not given"),
});

/** `config` of Pulumi.yaml: what the stages share. */
export const projectKeys = z.strictObject({
  repository,
  stages: z.array(stage).min(1, "list at least one stage, the first to get new versions first"),
  apps: z.record(name, app),
  infrastructure,
  notifications,
});

const resources = z.strictObject({
  requests: z.record(z.string(), quantity).optional(),
  limits: z.record(z.string(), quantity).optional(),
});

const override = z.strictObject({
  tag: tag.describe("the first tag; from then on the tag belongs to Flux"),
  rollout: z
    .enum(["direct", "pull-request"])
    .default("direct")
    .describe("how a new tag reaches the stage: as a commit, or as a pull request that a person merges"),
  soak: z
    .string()
    .regex(/^[1-9][0-9]{0,3}[mhd]$/, "use a time such as 24h")
    .meta({ examples: ["24h"] })
    .optional()
    .describe(
      "how long the same version has to have been healthy in the stage before until its pull request may be merged",
    ),
  hold: z.boolean().default(false).describe("take no new tag: what runs stays, until the line is removed"),
  pin: tag.optional().describe("run this tag and no other until the line is removed; a rollback is this one edit"),
  allowDowngrade: z
    .union([tag, z.literal(false)], {
      error: "write the tag that runs, such as v1.9.31: a lower one may follow that one, and no other",
    })
    .default(false)
    .describe(
      "the running tag that a lower version may follow, because of a new ceiling for one; it allows nothing else",
    ),
  replicas: z.int().min(0).max(1000).default(1),
  hosts: z
    .strictObject({ http: z.array(host).default([]), https: z.array(host).default([]) })
    .default({ http: [], https: [] }),
  env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), variable).default({}),
  resources: resources.optional(),
  ...additions,
});

/** `config` of Pulumi.<stage>.yaml, below the project's prefix: what differs. */
export const stackKeys = z.strictObject({
  cluster,
  overrides: z.record(name, override).default({}),
  charts: stageCharts,
  kustomizations,
  webhooks,
});

export type ProjectKeys = z.output<typeof projectKeys>;
export type StackKeys = z.output<typeof stackKeys>;

/** Everything as people wrote it, well formed, before values are compared with each other. */
export interface Written {
  readonly project: string;
  readonly shared: ProjectKeys;
  readonly stacks: { readonly [stage: string]: StackKeys };
}
