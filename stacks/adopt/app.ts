import type { Protocol } from "../config/fleet.ts";
import { parseImage } from "../publish/image.ts";
import { baseLayers, type Layer, layers, overlayFile, syncsOf } from "./layers.ts";
import { at, type MarkedLine, type Read } from "./read.ts";

/** An app in one stage. */
export interface FoundUse {
  readonly stage: string;
  /** What runs: the tag under the marker, or the one that the overlay names without one; empty where none is. */
  readonly tag: string;
  readonly marker: MarkedLine | undefined;
  /** Where the tag stands, or should. */
  readonly path: string;
  readonly line: number;
  readonly replicas: number;
  readonly hosts: { readonly [protocol in Protocol]: readonly string[] };
  readonly env: { readonly [name: string]: string };
  readonly resources: unknown;
}

export interface FoundApp {
  readonly name: string;
  /** Without tag. */
  readonly image: string;
  readonly namespace: string;
  readonly ports: { readonly container: number | undefined; readonly service: number | undefined };
  readonly ingress: readonly Protocol[];
  readonly issuer: string | undefined;
  readonly baseTag: string | undefined;
  /** Hosts that stand in the base, and so in every stage. */
  readonly baseHosts: readonly string[];
  readonly uses: readonly FoundUse[];
}

const container = ["spec", "template", "spec", "containers", 0] as const;

const ofKind = (all: readonly Layer[], kind: string) => all.filter((each) => each.text("kind") === kind);

/** By what it says, then by what it is called. */
function protocolOf(ingress: Layer, base: readonly Layer[]): Protocol {
  const name = ingress.text("metadata", "name");
  const same = base.find((each) => each !== ingress && each.text("metadata", "name") === name);
  const isSecure = (each: Layer) => each.list("spec", "tls").length > 0 || /https/.test(`${name} ${each.path}`);
  return isSecure(ingress) || (same && isSecure(same)) ? "https" : "http";
}

/** A host in `.invalid` (RFC 2606) is nobody's: a placeholder in a base. */
function hostsIn(ingress: Layer): readonly string[] {
  return ingress.list("spec", "rules").flatMap((rule) => {
    const host = at(rule, ["host"]);
    return typeof host === "string" && host !== "" && !host.endsWith(".invalid") ? [host] : [];
  });
}

/** The last patch of a protocol's Ingress wins, as `rules` is replaced as a whole. */
function hosts(all: readonly Layer[], base: readonly Layer[]): FoundUse["hosts"] {
  const ingresses = ofKind(all, "Ingress").filter((each) => hostsIn(each).length > 0);
  const of = (protocol: Protocol) =>
    ingresses
      .filter((each) => protocolOf(each, base) === protocol)
      .map(hostsIn)
      .at(-1) ?? [];
  return { http: of("http"), https: of("https") };
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
const isCount = (value: unknown): value is number => typeof value === "number" && Number.isInteger(value) && value >= 0;

/** The tag that the overlay in this folder sets, marked or not. */
function runningTag({ markers }: Read, folder: string, all: readonly Layer[]) {
  const isHere = ({ path }: { readonly path: string }) => path.startsWith(`${folder}/`);
  const marker = markers.find((each) => isHere(each) && (each.part === "image" || each.part === "tag"));
  const image = (each: Layer) => each.text(...container, "image");
  const patched = ofKind(all, "Deployment").findLast((each) => isHere(each) && image(each) !== "");
  const tag = marker?.tag ?? (patched ? parseImage(image(patched)).tag : undefined) ?? "";
  return { marker, patched, tag };
}

function foundUse(read: Read, app: string, stage: string): FoundUse {
  const all = layers(read, app, stage);
  const deployments = ofKind(all, "Deployment");
  const { marker, patched, tag } = runningTag(read, `apps/${app}/${stage}`, all);
  const file = overlayFile(read, app, stage)?.path ?? `apps/${app}/${stage}`;
  const counts = deployments.map((each) => each.get("spec", "replicas"));
  const own = all.filter(({ path }) => !path.startsWith(`apps/${app}/base/`));
  return {
    stage,
    tag,
    marker,
    path: marker?.path ?? patched?.path ?? file,
    line: marker?.line ?? 1,
    replicas: counts.findLast(isCount) ?? 1,
    hosts: hosts(own, baseLayers(read, app)),
    env: environment(deployments),
    resources: deployments.map((each) => each.get(...container, "resources")).findLast(isRecord),
  };
}

const portIn = (value: unknown): number | undefined =>
  isCount(value) && value > 0 && value < 65_536 ? value : undefined;

/** The tag in an app's base, which never runs. */
const baseTagOf = (base: readonly Layer[]): string | undefined =>
  base.map((each) => parseImage(each.text(...container, "image")).tag).find((tag) => tag !== undefined);

function namespace(read: Read, name: string, stages: readonly string[]): string {
  const overlays = stages.flatMap((stage) => overlayFile(read, name, stage) ?? []);
  const syncs = stages.flatMap((stage) => syncsOf(read, `apps/${name}/${stage}`));
  const named = [
    ...syncs.map((each) => each.text("spec", "targetNamespace")),
    ...overlays.map((each) => each.text("namespace")),
    ...baseLayers(read, name).map((each) => each.text("metadata", "namespace")),
  ];
  return named.find((each) => each !== "") ?? name;
}

/** The app in `apps/<name>`, or nothing when no file there names an image. */
export function foundApp(read: Read, name: string, stages: readonly string[]): FoundApp | undefined {
  const base = baseLayers(read, name);
  const uses = stages.map((stage) => foundUse(read, name, stage));
  const images = [
    ...uses.map(({ marker }) => marker?.image ?? ""),
    ...stages.flatMap((stage) => imagesIn(layers(read, name, stage))),
  ];
  const image = images.find((each) => each !== "");
  if (!image) return undefined;
  const ingresses = ofKind(
    stages.flatMap((stage) => layers(read, name, stage)),
    "Ingress",
  );
  const protocols = ingresses.map((each) => protocolOf(each, base));
  const issuers = ingresses.map((each) => each.text("metadata", "annotations", "cert-manager.io/cluster-issuer"));
  return {
    name,
    image,
    namespace: namespace(read, name, stages),
    ports: {
      container: portIn(base.map((each) => each.get(...container, "ports", 0, "containerPort")).find(portIn)),
      service: portIn(
        ofKind(base, "Service")
          .map((each) => each.get("spec", "ports", 0, "port"))
          .find(portIn),
      ),
    },
    ingress: (["http", "https"] as const).filter((protocol) => protocols.includes(protocol)),
    issuer: issuers.find((each) => each !== ""),
    baseTag: baseTagOf(base),
    baseHosts: [...new Set(ofKind(base, "Ingress").flatMap(hostsIn))],
    uses,
  };
}

function imagesIn(all: readonly Layer[]): readonly string[] {
  return ofKind(all, "Deployment").map((each) => parseImage(each.text(...container, "image")).name);
}
