/**
 * The objects that the image automation stand-in reads, with exactly the fields that it acts on or may safely leave alone:
 * any other field is an error, so that a run never passes over something that a real controller would obey.
 */
import { z } from "zod";
import { parseImage } from "../../stacks/tree/image.ts";

const duration = z.string().regex(/^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/, "must be a duration such as 5m");
const reference = z.strictObject({ name: z.string() });
const labels = z.record(z.string(), z.string());
const metadata = z.strictObject({
  name: z.string(),
  namespace: z.string({ error: "is missing: kubectl's own default would be used" }),
  labels: labels.default({}),
  annotations: labels.optional(),
});
const suspend = z.boolean().default(false);

function isBareImage(image: string): boolean {
  const { tag, digest } = parseImage(image);
  return tag === undefined && digest === undefined && !image.includes("://");
}

/** Flux 2.9 serves no other version of the image kinds. */
export const imageGroup = "image.toolkit.fluxcd.io";
const imageApi = z.literal(`${imageGroup}/v1`, {
  error: `must be ${imageGroup}/v1, the only one that Flux 2.9 serves`,
});

export const imageRepository = z.strictObject({
  apiVersion: imageApi,
  kind: z.literal("ImageRepository"),
  metadata,
  spec: z.strictObject({
    image: z.string().refine(isBareImage, "must be an image without scheme, tag and digest"),
    interval: duration,
    timeout: duration.optional(),
    provider: z.literal("generic").optional(),
    secretRef: reference.optional(),
    // image-reflector-controller api/v1, GetExclusionList: a list of its own replaces the default.
    exclusionList: z.array(z.string()).default(["^.*\\.sig$"]),
    suspend,
  }),
});

const ordered = z.strictObject({ order: z.enum(["asc", "desc"]).default("asc") });

const policySpec = z
  .strictObject({
    imageRepositoryRef: reference,
    filterTags: z.strictObject({ pattern: z.string(), extract: z.string().optional() }),
    policy: z.union(
      [
        z.strictObject({ semver: z.strictObject({ range: z.string() }) }),
        z.strictObject({ numerical: ordered }),
        z.strictObject({ alphabetical: ordered }),
      ],
      { error: "must be one of semver, numerical and alphabetical" },
    ),
    digestReflectionPolicy: z.enum(["Always", "IfNotPresent", "Never"]).default("Never"),
    interval: duration.optional(),
    suspend,
  })
  // image-reflector-controller api/v1/imagepolicy_types.go, XValidation.
  .refine(({ digestReflectionPolicy: digest, interval }) => (digest === "Always") === (interval !== undefined), {
    path: ["interval"],
    error: "goes with digestReflectionPolicy: Always, and has to be there with it",
  });

export const imagePolicy = z.strictObject({
  apiVersion: imageApi,
  kind: z.literal("ImagePolicy"),
  metadata,
  spec: policySpec,
});

const branch = z.strictObject({ branch: z.string() });

export const imageUpdateAutomation = z.strictObject({
  apiVersion: imageApi,
  kind: z.literal("ImageUpdateAutomation"),
  metadata,
  spec: z.strictObject({
    interval: duration,
    sourceRef: z.strictObject({ kind: z.literal("GitRepository"), name: z.string(), namespace: z.string().optional() }),
    policySelector: z.strictObject({ matchLabels: labels }).default({ matchLabels: {} }),
    git: z.strictObject({
      checkout: z.strictObject({ ref: branch }),
      commit: z.strictObject({
        author: z.strictObject({ name: z.string().default(""), email: z.string() }),
        messageTemplate: z.string().default("Update from image update automation"),
        messageTemplateValues: labels.default({}),
      }),
      push: branch,
    }),
    update: z.strictObject({ path: z.string(), strategy: z.literal("Setters").default("Setters") }),
    suspend,
  }),
});

export const gitRepository = z.object({
  apiVersion: z.literal("source.toolkit.fluxcd.io/v1"),
  kind: z.literal("GitRepository"),
  metadata,
  spec: z.object({ url: z.string() }),
});

/** Of kustomize-controller: what would change the objects on their way (patches, targetNamespace, …) is not understood. */
export const fluxKustomization = z.strictObject({
  apiVersion: z.literal("kustomize.toolkit.fluxcd.io/v1"),
  kind: z.literal("Kustomization"),
  metadata,
  spec: z.strictObject({
    path: z.string(),
    sourceRef: z.strictObject({ kind: z.literal("GitRepository"), name: z.string(), namespace: z.string().optional() }),
    interval: duration,
    retryInterval: duration.optional(),
    timeout: duration.optional(),
    prune: z.boolean(),
    wait: z.boolean().optional(),
    dependsOn: z.array(reference).optional(),
  }),
});

const deployment = z.strictObject({ kind: z.literal("Deployment"), name: z.string() });

/** Of kustomize itself: a list of files and folders; patches of Deployments, because no Deployment is read here. */
export const kustomizationFile = z.strictObject({
  apiVersion: z.literal("kustomize.config.k8s.io/v1beta1"),
  kind: z.literal("Kustomization"),
  resources: z.array(z.string()),
  patches: z.array(z.strictObject({ target: deployment, patch: z.string() })).optional(),
});

export type ImageRepository = z.infer<typeof imageRepository>;
export type ImagePolicy = z.infer<typeof imagePolicy>;
export type ImageUpdateAutomation = z.infer<typeof imageUpdateAutomation>;
export type GitRepository = z.infer<typeof gitRepository>;
