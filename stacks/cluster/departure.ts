/** What has to leave a node before its machine goes, from the objects that the cluster's API gives. */

interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly labels?: { readonly [key: string]: string };
  readonly annotations?: { readonly [key: string]: string };
  readonly ownerReferences?: readonly { readonly kind: string; readonly controller?: boolean }[];
  readonly deletionTimestamp?: string;
}

export interface Pod {
  readonly metadata: Metadata;
  readonly status?: { readonly phase?: string };
}

export interface KubeNode {
  readonly metadata: Metadata;
  readonly spec?: { readonly providerID?: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

const controlPlane = "node-role.kubernetes.io/control-plane";
const etcd = "node-role.kubernetes.io/etcd";

/** As `kubectl drain`: a DaemonSet's pod would come back, a static one belongs to the machine, a finished one holds nobody up. */
export function evictable(pods: readonly Pod[]): readonly Pod[] {
  return pods.filter(({ metadata: { ownerReferences = [], annotations = {} }, status }) => {
    const isDaemon = ownerReferences.some(({ kind, controller }) => kind === "DaemonSet" && controller === true);
    const isStatic = "kubernetes.io/config.mirror" in annotations;
    return !(isDaemon || isStatic || ["Succeeded", "Failed"].includes(status?.phase ?? ""));
  });
}

export const isMember = ({ metadata: { labels = {} } }: KubeNode): boolean => etcd in labels;

/** Set by k3s when the member is out of etcd (k3s-io/k3s pkg/etcd/member_controller.go). */
export const isRemoved = ({ metadata: { annotations = {} } }: KubeNode): boolean =>
  (annotations["etcd.k3s.cattle.io/removed-node-name"] ?? "") !== "";

/** Its id at Hetzner, once the cloud controller has seen it; without that controller nobody knows. */
export const machineOf = ({ spec }: KubeNode): string | undefined =>
  /^hcloud:\/\/(\d+)$/.exec(spec?.providerID ?? "")?.[1];

export const isReady = ({ status }: KubeNode): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") ?? false;

export const isServer = ({ metadata: { labels = {} } }: KubeNode): boolean => controlPlane in labels;

/** The other servers of the cluster, and those among them that etcd cannot count on now. */
export function otherServers(nodes: readonly KubeNode[], name: string) {
  const others = nodes.filter((node) => node.metadata.name !== name && isServer(node));
  return {
    names: others.map(({ metadata }) => metadata.name),
    notReady: others.filter((node) => !isReady(node)).map(({ metadata }) => metadata.name),
  };
}

export const podName = ({ metadata }: Pod): string => `${metadata.namespace}/${metadata.name}`;
