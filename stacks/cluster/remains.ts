import { type Item, isOfStage } from "./leftovers.ts";

/** In euros a month, net, as the item's own type says it. */
interface Priced {
  readonly prices?: readonly { readonly location: string; readonly price_monthly: { readonly net: string } }[];
}

/** An item of any list of Hetzner's. */
export interface Remaining extends Item {
  readonly server_type?: Priced;
  readonly load_balancer_type?: Priced;
  readonly location?: { readonly name: string } | null;
  readonly datacenter?: { readonly location?: { readonly name: string } } | null;
}

export interface Remains {
  readonly kind: string;
  readonly id: number;
  readonly name: string;
  /** `undefined` where the answer has none: most kinds cost nothing, addresses and volumes do. */
  readonly euros: number | undefined;
}

/** What is looked at after a destroy, by the API's own word. */
export const remainingKinds: { readonly [member: string]: string } = {
  servers: "server",
  load_balancers: "load balancer",
  volumes: "volume",
  primary_ips: "primary IP",
  networks: "network",
  firewalls: "firewall",
  placement_groups: "placement group",
};

function euros({ server_type, load_balancer_type, location, datacenter }: Remaining): number | undefined {
  const at = (location ?? datacenter?.location)?.name;
  const price = (server_type ?? load_balancer_type)?.prices?.find((each) => each.location === at);
  return price && Number(price.price_monthly.net);
}

/** Of one list: what is of the cluster by label or name. A volume of the CSI driver's has no other name: it is named when it hangs nowhere. */
export function remains(cluster: string, member: string, items: readonly Remaining[]): readonly Remains[] {
  const stray = ({ server, labels }: Remaining) =>
    member === "volumes" && server == null && labels?.["managed-by"] === "csi-driver";
  return items
    .filter((item) => isOfStage(cluster, item) || stray(item))
    .map((item) => ({ kind: remainingKinds[member] ?? member, id: item.id, name: item.name, euros: euros(item) }));
}

/** The report, and whether nothing is left. */
export function remainsText(stage: string, left: readonly Remains[]): string {
  if (left.length === 0) return `Nothing of ${stage} is left at Hetzner.`;
  const lines = left.map(({ kind, id, name, euros: each }) => {
    const price = each === undefined ? "" : `, ${each.toFixed(2)} € a month`;
    return `  ${kind} ${name} (${id}${price})`;
  });
  const sum = left.reduce((total, { euros: each }) => total + (each ?? 0), 0);
  const known = `Servers and load balancers among them cost ${sum.toFixed(2)} € a month net; volumes and addresses cost too.`;
  return [
    `Left at Hetzner of ${stage}:`,
    ...lines,
    known,
    "Nothing of it was deleted; look at it in the Hetzner console.",
  ].join("\n");
}
