import { z } from "zod";
import { receiverTypes } from "../infrastructure.ts";
import { folder, host, name } from "./names.ts";

/** The schema of what runs beside the apps, and of the files that people add; a part of `schema.ts`. */

const values = z.record(z.string(), z.unknown()).describe("values of the chart; never a secret, this file is in Git");

const version = z
  .string()
  .regex(/^v?(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}([-+][0-9A-Za-z.+-]+)?$/, "use one exact version such as v1.21.1")
  .meta({ examples: ["v1.21.1"] });

const duration = z.string().regex(/^([0-9]+(s|m|h))+$/, "use a duration such as 10m");

const chart = z.strictObject({
  url: z
    .string()
    .regex(
      /^(https|oci):\/\/[^/@\s]+(\/\S*)?$/,
      "use https:// for a Helm repository, or oci:// for a chart in a registry, without a user",
    )
    .describe("a Helm repository (https), or the chart itself in a registry (oci)"),
  chart: name.optional().describe("the chart's name in its Helm repository; the entry's name, if not given"),
  version: version.describe("exact: what is not pinned changes by itself"),
  namespace: name.optional().describe("the entry's name, if not given"),
  values: values.default({}),
  dependsOn: z.array(name).default([]).describe("charts that have to be ready first"),
  stages: z.array(name).optional().describe("where it runs; everywhere, if not given"),
});

const preset = {
  version: version.optional().describe("instead of the pinned one"),
  values: values.default({}).describe("over the preset's own values"),
};

export const decryption = z.strictObject({ secret: name.describe("its name in flux-system; its key is age.agekey") });

const kustomization = z.strictObject({
  path: folder.meta({ examples: ["monitoring"] }).describe("a folder that you own; it is never written to"),
  dependsOn: z.array(name).default(["infrastructure"]).describe("Flux Kustomizations that have to be ready first"),
  targetNamespace: name.optional().describe("put over the namespace of every object in it"),
  decryption: decryption.optional().describe("the repository's, if not given"),
  interval: duration.default("5m").describe("how often Flux compares the cluster with it"),
  wait: z.boolean().default(true).describe("ready then means healthy"),
});

export const kustomizations = z
  .record(name, kustomization)
  .default({})
  .describe("Flux Kustomizations for folders of your own, by name");

/** `infrastructure` of Pulumi.yaml. */
export const infrastructure = z
  .strictObject({
    "cert-manager": z
      .strictObject({
        email: z.email("use an address that Let's Encrypt can write to").describe("of the account at Let's Encrypt"),
        ...preset,
      })
      .optional()
      .describe("with the ClusterIssuers letsencrypt and letsencrypt-staging"),
    "hcloud-csi": z
      .strictObject(preset)
      .optional()
      .describe("volumes, where cluster.cloudProvider is none; the Secret hcloud in kube-system, key token, is yours"),
    traefik: z.strictObject({ values }).optional().describe("over the values that k3s gives its own Traefik"),
    charts: z.record(name, chart).default({}).describe("Helm charts, each a HelmRelease of its name"),
    issuers: z.array(name).default([]).describe("ClusterIssuers that somebody else makes"),
    kustomizations,
  })
  .optional()
  .describe("What runs beside the apps in every stage");

/** `charts` of a stage: what differs there. */
export const stageCharts = z
  .record(name, z.strictObject({ values }))
  .default({})
  .describe(
    "What this stage puts over the shared values: mappings are merged, everything else is replaced, null removes",
  );

const file = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]*\.ya?ml$/,
    "use a file beside the overlay's kustomization.yaml, such as volume.yaml",
  );

const target = z.strictObject({
  group: z.string().optional().describe("such as apps; any, if not given"),
  version: z.string().optional().describe("such as v1; any, if not given"),
  kind: z.string().optional().describe("such as Deployment; any, if not given"),
  name: z.string().optional().describe("of the object; any, if not given"),
});

const merge = z.looseObject({
  apiVersion: z.string().describe("of the object that is changed"),
  kind: z.string().describe("of the object that is changed"),
  metadata: z
    .looseObject({ name: z.string().describe("of the object that is changed") })
    .describe("the name, and labels and annotations to change"),
});

const operation = z.record(z.string(), z.unknown());

const patch = z
  .strictObject({
    target: target.optional().describe("kustomize's selector; a list of operations needs one"),
    patch: z
      .union([z.array(operation).min(1), merge], {
        error: "write an object with apiVersion, kind and name (strategic merge), or a list of operations (JSON 6902)",
      })
      .optional()
      .describe("a part of the object to lay over it (strategic merge), or a list of operations (JSON 6902)"),
    file: file.optional().describe("a patch file of your own, in the overlay's folder"),
  })
  .refine((each) => (each.patch === undefined) !== (each.file === undefined), "give either patch or file");

/** What an override adds to the app's overlay. */
export const additions = {
  patches: z.array(patch).default([]).describe("kustomize patches of the app's objects, after ours"),
  manifests: z.array(file).default([]).describe("files of your own in the overlay's folder, as resources"),
};

const secret = name.describe("a Secret in flux-system, which is yours");

const provider = z.strictObject({
  type: z
    .enum(["github", "slack", "discord", "msteams", "generic", "generic-hmac"])
    .describe("github sets the state of commits; the others are told of errors"),
  address: z
    .string()
    .regex(/^https?:\/\/[^/@\s]+(\/\S*)?$/, "use an http(s) address without a user")
    .optional()
    .describe("for github the repository, else where to post; an address that is a secret belongs into the Secret"),
  channel: z.string().optional().describe("of Slack and the like; the one of the webhook, if not given"),
  secret: secret.optional(),
  stages: z.array(name).optional().describe("everywhere, if not given"),
});

const receiver = z.strictObject({
  watches: z.enum(["git", "images"]).describe("what a call is about: a push to Git, or an image in the registry"),
  type: z.enum(receiverTypes).describe("who calls, and so how the call proves that it may"),
  secret: secret.describe("a Secret in flux-system with the key token, which the sender knows too"),
});

/** `notifications` of Pulumi.yaml. */
export const notifications = z
  .strictObject({
    providers: z.record(name, provider).default({}).describe("who is told"),
    receivers: z.record(name, receiver).default({}).describe("webhooks, in each stage that has a host for them"),
  })
  .optional()
  .describe("Whom Flux tells, and who may tell Flux");

/** `webhooks` of a stage. */
export const webhooks = z
  .strictObject({
    host: host.describe("where the receivers listen, over HTTPS"),
    issuer: name.optional().describe("without one the Secret webhook-receiver-tls is expected to be there"),
  })
  .optional()
  .describe("Where this stage is called by the receivers of notifications");

export type ChartKeys = z.output<typeof chart>;
export type InfrastructureKeys = z.output<typeof infrastructure>;
export type NotificationKeys = z.output<typeof notifications>;
export type PatchKeys = z.output<typeof patch>;
export type KustomizationKeys = z.output<typeof kustomization>;
