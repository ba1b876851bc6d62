/** The image objects that a cluster gets from a repository, with the fields by which a tag is taken or not. */
import { posix } from "node:path";
import { z } from "zod";
import { foldersOf } from "./folders.ts";
import { type Files, field, folderManifests, isA, type Manifest, nameIn, type Reading } from "./manifests.ts";

const labels = z.record(z.string(), z.string());
const metadata = z.object({
  name: z.string(),
  namespace: z.string({ error: "is missing, and a namespace from elsewhere is not followed" }),
  labels: labels.default({}),
  annotations: labels.default({}),
});
const suspend = z.boolean().default(false);
const ordered = z.object({ order: z.enum(["asc", "desc"]).default("asc") }).optional();

const imageRepository = z.object({
  metadata,
  spec: z.object({
    image: z.string(),
    // image-reflector-controller api/v1, GetExclusionList: a list of its own replaces the default.
    exclusionList: z.array(z.string()).default(["^.*\\.sig$"]),
    suspend,
  }),
});

const imagePolicy = z.object({
  metadata,
  spec: z.object({
    imageRepositoryRef: z.object({ name: z.string(), namespace: z.string().optional() }),
    filterTags: z.object({ pattern: z.string().default(""), extract: z.string().optional() }).optional(),
    policy: z.object({
      semver: z.object({ range: z.string() }).optional(),
      numerical: ordered,
      alphabetical: ordered,
    }),
    digestReflectionPolicy: z.enum(["Always", "IfNotPresent", "Never"]).default("Never"),
    suspend,
  }),
});

const imageUpdateAutomation = z.object({
  metadata,
  spec: z.object({
    policySelector: z.object({ matchLabels: labels.default({}) }).default({ matchLabels: {} }),
    git: z.object({
      checkout: z.object({ ref: z.object({ branch: z.string().optional() }) }).optional(),
      push: z.object({ branch: z.string().optional() }).optional(),
    }),
    update: z.object({ path: z.string().default(".") }).default({ path: "." }),
    suspend,
  }),
});

export type ImageRepository = z.infer<typeof imageRepository>;
export type ImagePolicy = z.infer<typeof imagePolicy>;
export type ImageUpdateAutomation = z.infer<typeof imageUpdateAutomation>;

/** One object of its kind; nothing for one that is not understood. */
export const imageRepositoryOf = (value: unknown): ImageRepository | undefined => imageRepository.safeParse(value).data;
export const imagePolicyOf = (value: unknown): ImagePolicy | undefined => imagePolicy.safeParse(value).data;

export interface ImageObjects {
  readonly repositories: readonly ImageRepository[];
  readonly policies: readonly ImagePolicy[];
  readonly automations: readonly ImageUpdateAutomation[];
}

const imageGroup = "image.toolkit.fluxcd.io";

function checked<S extends z.ZodType>(schema: S, manifest: Manifest): z.infer<S> {
  const result = schema.safeParse(manifest.value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const { kind } = manifest.value as { readonly kind: string };
  throw new Error(`${manifest.path}: ${kind} ${nameIn(manifest)}: ${issue?.path.join(".")} ${issue?.message}`);
}

/** A resource from elsewhere, by URL, cannot be read here; none of ours comes that way. */
const resources: Reading["resources"] = ({ value }) => {
  const listed = field(value, "resources");
  const all: readonly unknown[] = Array.isArray(listed) ? listed : [];
  return all.filter((entry) => typeof entry === "string").filter((entry) => !/:\/\/|^git@|^github\.com/.test(entry));
};

function syncedPath({ value }: Manifest): string | undefined {
  const spec = field(value, "spec");
  const path = field(spec, "path");
  return field(field(spec, "sourceRef"), "kind") === "GitRepository" && typeof path === "string"
    ? posix.join(path)
    : undefined;
}

/** What a folder brings, and every folder that its Flux Kustomizations lead to, each once. */
function synced(files: Files, cluster: string, isWhole: boolean): readonly Manifest[] {
  const seen = new Set([cluster]);
  const found: Manifest[] = [];
  // The set grows while it is read.
  for (const folder of seen) {
    const manifests = folderManifests(files, folder, {
      resources,
      generates: true,
      isWhole,
      about: ".toolkit.fluxcd.io",
    });
    found.push(...manifests);
    const syncs = manifests.filter((manifest) => isA(manifest, "kustomize.toolkit.fluxcd.io", "Kustomization"));
    for (const sync of syncs) {
      const path = syncedPath(sync);
      if (path && foldersOf(files).has(path)) seen.add(path);
    }
  }
  return found;
}

/**
 * `isWhole` for a repository, where a listed file that is not there is an error; a fresh render lacks people's own.
 * @throws Error that names the file, for what cannot be read
 */
export function imageObjects(files: Files, cluster: string, isWhole: boolean): ImageObjects {
  const all = synced(files, cluster, isWhole);
  const read = <S extends z.ZodType>(kind: string, schema: S) =>
    all.filter((manifest) => isA(manifest, imageGroup, kind)).map((manifest) => checked(schema, manifest));
  return {
    repositories: read("ImageRepository", imageRepository),
    policies: read("ImagePolicy", imagePolicy),
    automations: read("ImageUpdateAutomation", imageUpdateAutomation),
  };
}
