import type { Protocol } from "../config/fleet.ts";
import { parseImage } from "../tree/image.ts";
import { pullSecretOf } from "./delivery.ts";
import { hostsIn, protocolOf } from "./ingresses.ts";
import { baseLayers, container, type Layer, layers, ofKind, overlayFile, syncsOf } from "./layers.ts";
import { type FoundProbes, probesOf } from "./probes.ts";
import type { Read } from "./read.ts";
import { type Security, securityOf } from "./security.ts";
import { beyondRendered } from "./skeleton.ts";
import { type FoundUse, foundUse, isCount } from "./use.ts";

export interface FoundApp extends Security {
  readonly name: string;
  /** Without tag. */
  readonly image: string;
  readonly namespace: string;
  /** By which the image is scanned. */
  readonly pullSecret: string | undefined;
  /** What its base has that a rendered one has not; empty when the base can be rendered. */
  readonly beyond: readonly string[];
  /** The container that runs the image. */
  readonly container: string;
  readonly ports: { readonly container: number | undefined; readonly service: number | undefined };
  readonly probes: FoundProbes;
  readonly ingress: readonly Protocol[];
  readonly issuer: string | undefined;
  readonly baseTag: string | undefined;
  /** Hosts that stand in the base, and so in every stage. */
  readonly baseHosts: readonly string[];
  readonly uses: readonly FoundUse[];
}

const isPort = (value: unknown): value is number => isCount(value) && value > 0 && value < 65_536;

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

const isText = (text: string | undefined): text is string => text !== undefined && text !== "";

/** What the base says for all stages. */
function fromBase(base: readonly Layer[], name: string) {
  const deployments = ofKind(base, "Deployment");
  const tags = deployments.map((each) => parseImage(each.text(...container, "image")).tag);
  return {
    beyond: beyondRendered(base),
    container: deployments.map((each) => each.text(...container, "name")).find(isText) ?? name,
    ports: {
      container: deployments.map((each) => each.get(...container, "ports", 0, "containerPort")).find(isPort),
      service: ofKind(base, "Service")
        .map((each) => each.get("spec", "ports", 0, "port"))
        .find(isPort),
    },
    ...securityOf(deployments),
    probes: probesOf(deployments),
    baseTag: tags.find(isText),
    baseHosts: [...new Set(ofKind(base, "Ingress").flatMap(hostsIn))],
  };
}

/** The app in `apps/<name>`, or nothing when no file there names an image. */
export function foundApp(read: Read, name: string, stages: readonly string[]): FoundApp | undefined {
  const base = baseLayers(read, name);
  const uses = stages.map((stage) => foundUse(read, name, stage));
  const all = stages.flatMap((stage) => layers(read, name, stage));
  const named = ofKind(all, "Deployment").map((each) => parseImage(each.text(...container, "image")).name);
  const image = [...uses.map(({ marker }) => marker?.image), ...named].find(isText);
  if (!image) return undefined;
  const space = namespace(read, name, stages);
  const ingresses = ofKind(all, "Ingress");
  const protocols = ingresses.map((each) => protocolOf(each, base));
  const issuers = ingresses.map((each) => each.text("metadata", "annotations", "cert-manager.io/cluster-issuer"));
  return {
    name,
    image,
    namespace: space,
    pullSecret: pullSecretOf(read, image, space),
    ...fromBase(base, name),
    ingress: (["http", "https"] as const).filter((protocol) => protocols.includes(protocol)),
    issuer: issuers.find(isText),
    uses,
  };
}
