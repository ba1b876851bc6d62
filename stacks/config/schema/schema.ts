import { z } from "zod";
import { app } from "./app.ts";
import { channel } from "./channel.ts";
import { cluster } from "./cluster.ts";
import {
  additions,
  decryption,
  infrastructure,
  kustomizations,
  notifications,
  stageCharts,
  webhooks,
} from "./infrastructure.ts";
import { branch, folder, gitUrl, host, name, quantity, tag, variable } from "./names.ts";
import { bootstrapKeys } from "./node.ts";

/**
 * What people write, key by key, strictly: a key that nobody reads is an error. Rules that look at one value only stand
 * here; rules that compare values are in crosscheck.ts.
 */

const repository = z.strictObject({
  url: gitUrl.describe("the GitOps repository as the clusters reach it: ssh with a deploy key, https with a token"),
  pushUrl: gitUrl.optional().describe("as this program pushes to it, when that differs from url"),
  branch: branch.default("main").describe("where Flux reads, and this program and image automation commit"),
  decryption: decryption
    .optional()
    .describe("the Secret in flux-system with the stage's age key; files encrypted with SOPS are then decrypted"),
  write: z
    .strictObject({
      secret: name.describe(
        "in flux-system: identity and known_hosts, or username and password; the program makes it of the secrets `write`, if they are set",
      ),
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
  name: name.describe("as in Pulumi.<stage>.yaml, and the name of its stack"),
  path: folder.describe("the cluster's folder in the repository"),
  channel: channel.describe("which tags the stage takes"),
  alsoAccepts: z.array(name).default([]).describe("stages whose tags this one may take too"),
  samples: z.array(tag).default([]).describe("tags that this stage takes and no other, checked in every run"),
});

/** `config` of Pulumi.yaml: what the stages share. */
export const projectKeys = z.strictObject({
  repository: repository.describe("The GitOps repository, which Flux follows and this program commits to"),
  stages: z
    .array(stage)
    .min(1, "list at least one stage, the first to get new versions first")
    .describe("In promotion order: the first one gets new versions first"),
  apps: z.record(name, app).describe("What the stages share of each application; the name is also that of its objects"),
  infrastructure,
  notifications,
});

const resources = z.strictObject({
  requests: z.record(z.string(), quantity).optional().describe("what the scheduler keeps free, as in { cpu: 100m }"),
  limits: z.record(z.string(), quantity).optional().describe("what a pod may take, as in { memory: 256Mi }"),
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
  replicas: z.int().min(0).max(1000).default(1).describe("of the Deployment; 0 stops the app"),
  hosts: z
    .strictObject({
      http: z.array(host).default([]).describe("of the Ingress http"),
      https: z.array(host).default([]).describe("of the Ingress https, each in the issuer's certificate"),
    })
    .default({ http: [], https: [] })
    .describe("DNS names of the app in this stage"),
  env: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), variable)
    .default({})
    .describe("of the container; never a secret, this file is in Git"),
  resources: resources.optional().describe("of the container; none, if not given"),
  ...additions,
});

/** `config` of Pulumi.<stage>.yaml, below the project's prefix: what differs. */
export const stackKeys = z.strictObject({
  cluster: cluster.describe("The stage's machines at Hetzner, and what runs on them from the first boot on"),
  overrides: z
    .record(name, override)
    .default({})
    .describe("What an application has of its own in this stage, by its name"),
  charts: stageCharts,
  kustomizations,
  webhooks,
});

/** An app's own file, `apps/<name>.yaml`: what Pulumi.yaml and the stages' files would say of it (app-files.ts). */
export const appKeys = app.extend({
  overrides: z.record(name, override).describe("What it has of its own in each stage, by the stage's name"),
});

export type ProjectKeys = z.output<typeof projectKeys>;
export type StackKeys = z.output<typeof stackKeys>;

/** Everything as people wrote it, well formed, before values are compared with each other. */
export interface Written {
  readonly project: string;
  readonly shared: ProjectKeys;
  readonly stacks: { readonly [stage: string]: StackKeys };
}
