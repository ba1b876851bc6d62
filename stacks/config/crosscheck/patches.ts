import type { Problem } from "../error.ts";
import type { Merge, Values } from "../infrastructure.ts";
import type { PatchKeys } from "../schema/infrastructure.ts";
import type { StackKeys, Written } from "../schema/schema.ts";

type Override = StackKeys["overrides"][string];

interface Place {
  readonly app: string;
  /** The container that runs the marked image. */
  readonly container: string;
}

const rendered = /^(kustomization|deployment-patch|ingress-https?-patch|patch-[0-9]+)\.ya?ml$/;

const field = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;

/** The marked image, or a part of the object that it would go away with. */
const marked = /^\/spec(\/template(\/spec(\/containers(\/[0-9]+\/image|\/0)?)?)?)?$/;

function setsImage(operation: Values, { app }: Place, target: PatchKeys["target"]): boolean {
  if (target?.kind !== undefined && target.kind !== "Deployment") return false;
  if (target?.name !== undefined && target.name !== app) return false;
  const paths = [operation["path"], operation["op"] === "move" ? operation["from"] : undefined];
  return operation["op"] !== "test" && paths.some((path) => typeof path === "string" && marked.test(path));
}

function mergesImage(patch: Merge, { app, container }: Place, target: PatchKeys["target"]): boolean {
  const name = target ? (target.name ?? app) : patch.metadata.name;
  if ((target?.kind ?? patch.kind) !== "Deployment" || name !== app) return false;
  const pod = field(field(field(patch, "spec"), "template"), "spec");
  const containers: unknown = field(pod, "containers") ?? [];
  const entries: readonly unknown[] = Array.isArray(containers) ? containers : [];
  const own = (entry: unknown): boolean => field(entry, "name") === container || field(entry, "name") === undefined;
  const touched = entries.some((each) => own(each) && (field(each, "image") ?? field(each, "$patch")) !== undefined);
  return touched || [patch, field(patch, "spec"), pod].some((each) => field(each, "$patch") !== undefined);
}

const isImageSet = (patch: NonNullable<PatchKeys["patch"]>, place: Place, target: PatchKeys["target"]): boolean =>
  Array.isArray(patch)
    ? patch.some((operation) => setsImage(operation, place, target))
    : mergesImage(patch as Merge, place, target);

/** Only for what is rendered: a file that people own is read by nobody here. */
function patchProblems({ patch, target }: PatchKeys, place: Place): readonly string[] {
  if (patch === undefined) return [];
  return [
    ...(Array.isArray(patch) && !target ? ["a list of operations needs a target, such as {kind: Deployment}"] : []),
    ...(JSON.stringify(patch).includes("$imagepolicy") ? ["a marker is ours to write; remove $imagepolicy"] : []),
    ...(isImageSet(patch, place, target)
      ? [
          `sets the image of ${place.app}, whose tag Flux owns; its name is apps.${place.app}.image, its tag follows the channel`,
        ]
      : []),
  ];
}

function fileProblems({ patches, manifests }: Override) {
  const written = [
    ...patches.map(({ file }, index) => ({ file, path: ["patches", index, "file"] })),
    ...manifests.map((file, index) => ({ file, path: ["manifests", index] })),
  ];
  return written.flatMap(({ file, path }, index) => {
    if (file === undefined) return [];
    if (rendered.test(file)) return [{ path, message: `${file} is a name for rendered files; rename yours` }];
    const twice = written.slice(0, index).some((earlier) => earlier.file === file);
    return twice ? [{ path, message: `${file} is listed already; kustomize takes a file once` }] : [];
  });
}

/** What people add to overlays: beside the rendered files, and never over the tag that Flux owns. */
export function crosscheckPatches({ shared, stacks }: Written): readonly Problem[] {
  return Object.entries(stacks).flatMap(([stage, { overrides }]) =>
    Object.entries(overrides).flatMap(([app, own]) => {
      const place = { app, container: shared.apps[app]?.container ?? app };
      const patches = own.patches.flatMap((patch, index) =>
        patchProblems(patch, place).map((message) => ({ path: ["patches", index], message })),
      );
      return [...patches, ...fileProblems(own)].map(({ path, message }) => {
        return { file: `Pulumi.${stage}.yaml`, path: ["overrides", app, ...path], message };
      });
    }),
  );
}
