import { parseImage } from "../tree/image.ts";
import { type Rollout, rolloutOf } from "./delivery.ts";
import { type Hosts, hosts } from "./ingresses.ts";
import { baseLayers, container, type Layer, layers, ofKind, overlayFile } from "./layers.ts";
import { at, type MarkedLine, type Read } from "./read.ts";
import { beyondRendered } from "./skeleton.ts";

/** An app in one stage. */
export interface FoundUse {
  readonly stage: string;
  /** What runs: the tag under the marker, or the one that the overlay names without one; empty where none is. */
  readonly tag: string;
  readonly marker: MarkedLine | undefined;
  /** Where the tag stands, or should. */
  readonly path: string;
  readonly line: number;
  readonly rollout: Rollout;
  readonly replicas: number;
  readonly hosts: Hosts;
  readonly env: { readonly [name: string]: string };
  readonly resources: unknown;
}

/** Plain values; what comes from a Secret or a ConfigMap stays with people. */
function environment(deployments: readonly Layer[]): FoundUse["env"] {
  const entries = deployments.flatMap((each) => each.list(...container, "env"));
  return Object.fromEntries(
    entries.flatMap((entry) => {
      const [name, value] = [at(entry, ["name"]), at(entry, ["value"])];
      return typeof name === "string" && typeof value === "string" ? [[name, value]] : [];
    }),
  );
}

const isRecord = (value: unknown): boolean => typeof value === "object" && value !== null;
export const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0;

/** The tag that the overlay in this folder sets, marked or not. */
function runningTag({ markers }: Read, folder: string, all: readonly Layer[]) {
  const isHere = ({ path }: { readonly path: string }) => path.startsWith(`${folder}/`);
  const marker = markers.find((each) => isHere(each) && (each.part === "image" || each.part === "tag"));
  const image = (each: Layer) => each.text(...container, "image");
  const patched = ofKind(all, "Deployment").findLast((each) => isHere(each) && image(each) !== "");
  const tag = marker?.tag ?? (patched ? parseImage(image(patched)).tag : undefined) ?? "";
  return { marker, patched, tag };
}

/** What an app has in a stage, from its base, its overlay and the patches of its Flux Kustomization. */
export function foundUse(read: Read, app: string, stage: string): FoundUse {
  const all = layers(read, app, stage);
  const base = baseLayers(read, app);
  const deployments = ofKind(all, "Deployment");
  const { marker, patched, tag } = runningTag(read, `apps/${app}/${stage}`, all);
  const file = overlayFile(read, app, stage)?.path ?? `apps/${app}/${stage}`;
  const counts = deployments.map((each) => each.get("spec", "replicas"));
  const own = all.filter(({ path }) => !path.startsWith(`apps/${app}/base/`));
  // What stands in a base that stays people's need not be said again.
  const said = beyondRendered(base).length > 0 ? ofKind(own, "Deployment") : deployments;
  return {
    stage,
    tag,
    marker,
    path: marker?.path ?? patched?.path ?? file,
    line: marker?.line ?? 1,
    replicas: counts.findLast(isCount) ?? 1,
    hosts: hosts(own, base),
    rollout: rolloutOf(read, `apps/${app}/${stage}`),
    env: environment(said),
    resources: said.map((each) => each.get(...container, "resources")).findLast(isRecord),
  };
}
