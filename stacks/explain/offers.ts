/** Every policy that could take an image's tags, with what surrounds it: its cluster, its scan, and the line that it sets. */
import { posix } from "node:path";
import { canonicalName } from "../registry/reference.ts";
import { type ClusterFolder, clusterFolders } from "../tree/clusters.ts";
import { folders } from "../tree/folders.ts";
import { parseImage } from "../tree/image.ts";
import {
  type ImageObjects,
  type ImagePolicy,
  type ImageRepository,
  type ImageUpdateAutomation,
  imageObjects,
} from "../tree/image-objects.ts";
import type { Files } from "../tree/manifests.ts";
import { hasMarkers, type Marker } from "../tree/marker.ts";
import { isScanned, markedSites } from "../tree/setters.ts";

/** A marked line, and the tag that stands there. */
export interface Line {
  readonly file: string;
  readonly line: number;
  readonly tag: string | undefined;
  /** Why no automation sets it, although it is the policy's line. */
  readonly frozen?: Marker["frozen"];
}

export interface Offer {
  readonly stage: string;
  readonly app: string;
  readonly policy: ImagePolicy;
  readonly repository: ImageRepository;
  readonly automation: ImageUpdateAutomation | undefined;
  /** Lines that the automation sets; without automation, all that the policy's name stands on. */
  readonly lines: readonly Line[];
}

/** A cluster with the offers for one image, or without a scan of it. */
export interface ClusterOffers {
  readonly stage: string;
  readonly isScanned: boolean;
  readonly offers: readonly Offer[];
}

interface Cluster extends ClusterFolder {
  readonly objects: ImageObjects;
  readonly files: Files;
  /** By the scan that they choose from. */
  readonly policies: ReadonlyMap<string, readonly ImagePolicy[]>;
  /** By namespace. */
  readonly automations: ReadonlyMap<string, readonly ImageUpdateAutomation[]>;
}

const scanId = (namespace: string, name: string): string => `${namespace}/${name}`;

export const policyId = ({ metadata }: ImagePolicy): string => `${metadata.namespace}:${metadata.name}`;

/** Its own namespace only, narrowed by its selector (image-automation-controller, getPolicies). */
function automationOf({ metadata }: ImagePolicy, { automations }: Cluster): ImageUpdateAutomation | undefined {
  return automations.get(metadata.namespace)?.find(({ spec }) => {
    const wanted = Object.entries(spec.policySelector.matchLabels);
    return wanted.every(([name, value]) => metadata.labels[name] === value);
  });
}

type ByFolder = ReadonlyMap<string, readonly (readonly [file: string, text: string])[]>;

const known = new WeakMap<Files, ByFolder>();

/** The files that have markers, by every folder above them; found once, because every policy asks. */
function markedFiles(files: Files): ByFolder {
  const before = known.get(files);
  if (before) return before;
  const marked = [...files].filter(([file, text]) => isScanned(file) && hasMarkers(text));
  const places = marked.flatMap((each) => [".", ...folders(each[0])].map((folder) => ({ folder, each })));
  const byFolder = Map.groupBy(places, ({ folder }) => folder);
  const found = new Map([...byFolder].map(([folder, all]) => [folder, all.map(({ each }) => each)]));
  known.set(files, found);
  return found;
}

function marked(file: string, text: string, policy: string): readonly Line[] {
  if (!text.includes(policy)) return [];
  const own = markedSites(text).filter(({ marker }) => marker.policy === policy && marker.part !== "name");
  return own.map(({ line, value, marker }) => {
    const tag = marker.part === "image" ? parseImage(value).tag : value;
    const { frozen } = marker;
    return { file, line, tag: marker.part === "digest" ? undefined : tag, ...(frozen ? { frozen } : {}) };
  });
}

function linesOf(policy: string, files: Files, automation: ImageUpdateAutomation | undefined): readonly Line[] {
  const folder = posix.join(automation?.spec.update.path ?? ".", ".").replace(/(?<=.)\/$/, "");
  return (markedFiles(files).get(folder) ?? []).flatMap(([file, text]) => marked(file, text, policy));
}

function offersOf(repository: ImageRepository, cluster: Cluster): readonly Offer[] {
  const { files, stage } = cluster;
  const { name, namespace } = repository.metadata;
  return (cluster.policies.get(scanId(namespace, name)) ?? []).map((policy) => {
    const automation = automationOf(policy, cluster);
    const app = policy.metadata.labels["app"] ?? name;
    return { stage, app, policy, repository, automation, lines: linesOf(policyId(policy), files, automation) };
  });
}

/** Every cluster of a repository (or of a fresh render, not `isLive`) with its image objects. @throws Error that names the file that cannot be read */
export function clustersOf(files: Files, isLive: boolean): readonly Cluster[] {
  return clusterFolders(files).map((folder) => {
    const objects = imageObjects(files, folder.path, isLive);
    const policies = Map.groupBy(objects.policies, ({ metadata, spec: { imageRepositoryRef: ref } }) =>
      scanId(ref.namespace ?? metadata.namespace, ref.name),
    );
    const automations = Map.groupBy(objects.automations, ({ metadata }) => metadata.namespace);
    return { ...folder, files, objects, policies, automations };
  });
}

/** What each cluster has for an image. */
export function offersFor(image: string, clusters: readonly Cluster[]): readonly ClusterOffers[] {
  const name = canonicalName(image);
  return clusters.map((cluster) => {
    const scans = cluster.objects.repositories.filter(({ spec }) => canonicalName(spec.image) === name);
    const offers = scans.flatMap((scan) => offersOf(scan, cluster));
    return { stage: cluster.stage, isScanned: scans.length > 0, offers };
  });
}

/** Every offer of a cluster. */
export const offersOfCluster = (cluster: Cluster): readonly Offer[] =>
  cluster.objects.repositories.flatMap((scan) => offersOf(scan, cluster));

/** The offers of an app in a stage, by whatever image. */
export function offersOfApp(app: string, stage: string, clusters: readonly Cluster[]): readonly Offer[] {
  const own = clusters.filter((cluster) => cluster.stage === stage);
  return own.flatMap(offersOfCluster).filter((offer) => offer.app === app);
}
