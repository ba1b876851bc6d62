import type { Problem } from "../error.ts";
import type { Written } from "../schema/schema.ts";

/** Flux Kustomizations of ours; every other one, an app's too, is beside them in flux-system. */
export const ownKustomizations: readonly string[] = [
  "flux-system",
  "infrastructure",
  "image-updater",
  "charts",
  "issuers",
  "notifications",
  "system-upgrade",
  "k3s-upgrade",
];

/** Flux's and Kubernetes' own: an app's Kustomization prunes there, and its objects would meet theirs (fluxcd/flux2#3949). */
const isReservedNamespace = (namespace: string): boolean =>
  namespace === "flux-system" || namespace.startsWith("kube-");

function appProblems({ shared }: Written): readonly Problem[] {
  return Object.entries(shared.apps).flatMap(([name, app]) => {
    const at = (path: readonly string[], message: string) => ({ file: "Pulumi.yaml", path, message });
    const namespace = app.namespace ?? name;
    return [
      ...(ownKustomizations.includes(name)
        ? [at(["apps", name], `is a Flux Kustomization of ours (${ownKustomizations.join(", ")}); use another name`)]
        : []),
      ...(isReservedNamespace(namespace)
        ? [at(["apps", name, "namespace"], `${namespace} belongs to Flux or Kubernetes; give the app one of its own`)]
        : []),
    ];
  });
}

/** An overlay is apps/<app>/<stage>, so a stage named base would be written over what all stages share. */
function stageProblems({ shared }: Written): readonly Problem[] {
  return shared.stages.flatMap(({ name, path }, index) => [
    ...(name === "base"
      ? [
          {
            file: "Pulumi.yaml",
            path: ["stages", index, "name"],
            message: "apps/<app>/base is what all stages share; use another name",
          },
        ]
      : []),
    ...(path === "apps" || path.startsWith("apps/")
      ? [
          {
            file: "Pulumi.yaml",
            path: ["stages", index, "path"],
            message: `the apps' bases and overlays are in apps; use a folder such as clusters/${name}`,
          },
        ]
      : []),
  ]);
}

/** Names that would meet those of files and objects that are rendered anyway. */
export const crosscheckReserved = (written: Written): readonly Problem[] => [
  ...appProblems(written),
  ...stageProblems(written),
];
