/** What a cluster made at Hetzner beside what this program made, and what is left there of a stage. */

interface Labels {
  readonly [key: string]: string;
}

/** The part of any item of Hetzner's lists that is looked at here. */
export interface Item {
  readonly id: number;
  readonly name: string;
  readonly labels?: Labels;
  /** Of a volume in GB. */
  readonly size?: number;
  /** Of a volume: the server that it is attached to. */
  readonly server?: number | null;
  readonly private_net?: readonly { readonly network: number }[];
  readonly targets?: readonly { readonly server?: { readonly id: number } }[];
}

export interface AtHetzner {
  readonly servers: readonly Item[];
  readonly networks: readonly Item[];
  readonly loadBalancers: readonly Item[];
  readonly volumes: readonly Item[];
}

interface Ending {
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
}

export interface Service {
  readonly metadata: Ending & { readonly name: string; readonly namespace: string; readonly uid: string };
  readonly spec?: { readonly type?: string };
}

export interface PersistentVolume {
  readonly metadata: Ending & { readonly name: string };
  readonly status?: { readonly phase?: string };
  readonly spec?: {
    readonly csi?: { readonly driver: string; readonly volumeHandle: string };
    readonly claimRef?: { readonly namespace: string; readonly name: string };
  };
}

export interface InCluster {
  readonly services: readonly Service[];
  readonly volumes: readonly PersistentVolume[];
}

/** Of the cloud controller manager (hcloud-cloud-controller-manager internal/hcops) and of the CSI driver. */
const serviceLabel = "hcloud-ccm/service-uid";
const driver = "csi.hetzner.cloud";

const ofStage = (cluster: string) => (item: Item) => item.labels?.["cluster"] === cluster;
const ours = (item: Item): boolean => item.labels?.["managed-by"] === "k3s-stages";

/** What is being deleted and does not go: somebody has to look at whoever would take the finalizer off. */
function held({ deletionTimestamp, finalizers = [] }: Ending): string {
  if (deletionTimestamp === undefined) return "";
  return `, which is being deleted since ${deletionTimestamp} and is held by ${finalizers.join(", ") || "nobody"}`;
}

function balancers(cluster: string, hetzner: AtHetzner, { services }: InCluster): readonly string[] {
  const ids = (items: readonly Item[]) => new Set(items.filter(ofStage(cluster)).map(({ id }) => id));
  const [servers, networks] = [ids(hetzner.servers), ids(hetzner.networks)];
  const reaches = ({ targets = [], private_net = [] }: Item) =>
    targets.some(({ server }) => server && servers.has(server.id)) ||
    private_net.some(({ network }) => networks.has(network));
  const foreign = hetzner.loadBalancers.filter((item) => !ours(item) && reaches(item));
  return foreign.map(({ name, labels = {} }) => {
    const service = services.find(({ metadata }) => metadata.uid === labels[serviceLabel]);
    const what = service
      ? ` of the Service ${service.metadata.namespace}/${service.metadata.name}${held(service.metadata)}`
      : "";
    return `load balancer ${name}${what}`;
  });
}

function claimed({ metadata, spec, status }: PersistentVolume): string {
  const isReleased = status?.phase === "Released";
  const by = isReleased ? "released and kept, so to be deleted itself, once claimed by" : "claimed by";
  const claim = spec?.claimRef ? `, ${by} ${spec.claimRef.namespace}/${spec.claimRef.name}` : "";
  return ` of the PersistentVolume ${metadata.name}${claim}${held(metadata)}`;
}

function volumes(cluster: string, hetzner: AtHetzner, inCluster: InCluster | undefined): readonly string[] {
  const servers = new Set(hetzner.servers.filter(ofStage(cluster)).map(({ id }) => id));
  const known = (inCluster?.volumes ?? []).filter(({ spec }) => spec?.csi?.driver === driver);
  const owner = (item: Item) => known.find(({ spec }) => spec?.csi?.volumeHandle === String(item.id));
  // Without the cluster's word, a volume of the driver's that hangs nowhere may be this stage's: better named than lost.
  const stray = (item: Item) => !inCluster && item.server == null && item.labels?.["managed-by"] === "csi-driver";
  const attached = (item: Item) => item.server != null && servers.has(item.server);
  return hetzner.volumes
    .filter((item) => !ours(item) && (attached(item) || owner(item) !== undefined || stray(item)))
    .map((item) => {
      const from = owner(item);
      return `volume ${item.name} (${item.size ?? "?"} GB)${from ? claimed(from) : ""}`;
    });
}

const nothing: InCluster = { services: [], volumes: [] };

/** What the cluster made for itself, and what stays and costs money when its servers go. `undefined`: its API is silent. */
export function madeByCluster(
  cluster: string,
  hetzner: AtHetzner,
  inCluster: InCluster | undefined,
): readonly string[] {
  return [...balancers(cluster, hetzner, inCluster ?? nothing), ...volumes(cluster, hetzner, inCluster)];
}

export const isOfStage = (cluster: string, { name, labels = {} }: Item): boolean =>
  labels["cluster"] === cluster || name === cluster || name.startsWith(`${cluster}-`);
