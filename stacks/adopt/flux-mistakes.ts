/** What is wrong with Flux's own objects, each by itself: versions, templates, sources, paths. */
import type { Finding, Severity } from "./finding.ts";
import { type Found, namespaceOf, ofFlux, plainPath, type Read } from "./read.ts";
import { type System, stageAt } from "./system.ts";

interface Mistake {
  readonly code: string;
  readonly at: Found;
  readonly keys: readonly string[];
  readonly message: string;
  readonly severity?: Severity;
}

const finding = ({ code, at, keys, message, severity = "error" }: Mistake): Finding => ({
  code,
  severity,
  path: at.path,
  line: at.line(...keys),
  message,
});

/** API versions that Flux 2.9 no longer serves, from its releases' CRDs. */
const gone: readonly (readonly [RegExp, string])[] = [
  [/^image\.toolkit\.fluxcd\.io\/v1(alpha|beta)\d$/, "v1"],
  [/^source\.toolkit\.fluxcd\.io\/v1beta\d$/, "v1"],
  [/^kustomize\.toolkit\.fluxcd\.io\/v1beta\d$/, "v1"],
  [/^helm\.toolkit\.fluxcd\.io\/v2beta\d$/, "v2"],
];

function apiVersions({ documents }: Read): readonly Finding[] {
  return documents.flatMap((at) => {
    const version = at.text("apiVersion");
    const now = gone.find(([form]) => form.test(version))?.[1];
    if (!now) return [];
    const group = version.split("/")[0];
    const message = `${version} is no longer served by Flux 2.9: the ${at.text("kind")} is refused; it is ${group}/${now} today`;
    return [finding({ code: "api-version", at, keys: ["apiVersion"], message })];
  });
}

function templates(read: Read): readonly Finding[] {
  const keys = ["spec", "git", "commit", "messageTemplate"];
  return ofFlux(read, "ImageUpdateAutomation").flatMap((at) => {
    const [field] = /\.Updated\b|\.Changed\.ImageResult\b/.exec(at.text(...keys)) ?? [];
    if (!field) return [];
    const message =
      `the message template uses ${field}, which Flux 2.7 removed: the automation stalls at its first update and pushes ` +
      "nothing; .Changed.Changes has what changed";
    return [finding({ code: "removed-template-field", at, keys, message })];
  });
}

function prunes(read: Read): readonly Finding[] {
  return ofFlux(read, "Kustomization").flatMap((at) => {
    if (at.get("spec", "prune") !== false) return [];
    const name = at.text("metadata", "name");
    const message = `prune: false: what ${name} no longer has stays in the cluster, and a removed automation goes on pushing`;
    return [finding({ code: "prune-false", at, keys: ["spec", "prune"], message })];
  });
}

const bootstrapSecret = "flux-system";

/** Bootstrap's key is read-only unless it was asked for more; a token (https) is not. */
function readOnly(source: Found): boolean {
  const isBootstrap = source.text("spec", "secretRef", "name") === bootstrapSecret;
  return isBootstrap && !source.text("spec", "url").startsWith("https:");
}

function sources(read: Read, system: System): readonly Finding[] {
  const all = ofFlux(read, "GitRepository");
  return ofFlux(read, "ImageUpdateAutomation").flatMap((at) => {
    const keys = ["spec", "sourceRef", "name"];
    const name = at.text(...keys);
    const stage = stageAt(system, at.path);
    const source = all.find((each) => each.text("metadata", "name") === name && stageAt(system, each.path) === stage);
    if (!source) {
      if (name === bootstrapSecret) return [];
      const message = `there is no GitRepository ${name} in the files of this cluster: unless somebody made it by hand, nothing is pushed`;
      return [finding({ code: "source-missing", at, keys, message, severity: "warning" })];
    }
    if (!readOnly(source)) return [];
    const where = `${name} (${source.path}:${source.line("spec", "secretRef", "name")})`;
    const message =
      `pushes through ${where}, whose Secret ${bootstrapSecret} is the deploy key of flux bootstrap, read-only unless ` +
      "--read-write-key was given, and then every push is refused: give the write source a credential of its own";
    return [finding({ code: "read-only-source", at, keys, message, severity: "warning" })];
  });
}

const contains = (folder: string, path: string): boolean =>
  folder === "" || path.startsWith(`${folder}/`) || path === folder;

/** An automation rewrites every marker below its path that names a policy of its cluster. */
function updatePaths(read: Read, system: System): readonly Finding[] {
  const keys = ["spec", "update", "path"];
  return ofFlux(read, "ImageUpdateAutomation").flatMap((at) => {
    const written = at.text(...keys);
    const path = plainPath(written);
    const stage = stageAt(system, at.path)?.name;
    const below = read.markers.filter((marker) => contains(path, marker.path));
    const foreign = below.find((marker) => stage && !marker.path.split("/").includes(stage));
    if (foreign) {
      const what =
        written === "" ? "has no update.path, which means the whole repository" : `update.path ${written} is too wide`;
      const message = `${what}: it covers ${foreign.path}:${foreign.line} as well, which is not ${stage}'s`;
      return [finding({ code: written === "" ? "update-path-missing" : "update-path-too-wide", at, keys, message })];
    }
    const exists = Object.keys(read.files).some((file) => contains(path, file));
    const message = `update.path ${written} does not exist: the automation fails and changes nothing`;
    return exists ? [] : [finding({ code: "update-path-not-there", at, keys, message })];
  });
}

/** An ImagePolicy finds its repository by name, in its own namespace unless it says otherwise. */
function repositories(read: Read, system: System): readonly Finding[] {
  const all = ofFlux(read, "ImageRepository");
  const keys = ["spec", "imageRepositoryRef", "name"];
  return ofFlux(read, "ImagePolicy").flatMap((at) => {
    const name = at.text(...keys);
    const namespace = at.text("spec", "imageRepositoryRef", "namespace") || namespaceOf(at, read);
    const isThere = all.some(
      (each) =>
        each.text("metadata", "name") === name &&
        namespaceOf(each, read) === namespace &&
        stageAt(system, each.path) === stageAt(system, at.path),
    );
    const message = `there is no ImageRepository ${name} in the namespace ${namespace}: the policy has no tags to choose from`;
    return isThere ? [] : [finding({ code: "repository-missing", at, keys, message })];
  });
}

export function fluxMistakes(read: Read, system: System): readonly Finding[] {
  return [
    ...apiVersions(read),
    ...templates(read),
    ...prunes(read),
    ...sources(read, system),
    ...updatePaths(read, system),
    ...repositories(read, system),
  ];
}
