import { type Item, isOfStage } from "../cluster/leftovers.ts";
import type { Pricing } from "./snapshot.ts";

/** In euros a month, net, as the item's own type says it. */
interface Priced {
  readonly prices?: readonly { readonly location: string; readonly price_monthly: { readonly net: string } }[];
}

/** An item of any list of Hetzner's. */
export interface Remaining extends Item {
  readonly server_type?: Priced;
  readonly load_balancer_type?: Priced;
  /** Of a primary IP. */
  readonly type?: string;
  readonly location?: { readonly name: string } | null;
  readonly datacenter?: { readonly location?: { readonly name: string } } | null;
}

export interface Remains {
  readonly kind: string;
  readonly id: number;
  readonly name: string;
  /** 0 for what costs nothing; `undefined` where Hetzner gave no price. */
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

const free = ["networks", "firewalls", "placement_groups"];

const place = ({ location, datacenter }: Remaining): string | undefined => (location ?? datacenter?.location)?.name;

/** A server and a load balancer bring their prices; an address and a volume are in the price list. */
function euros(member: string, item: Remaining, list: Pricing | undefined): number | undefined {
  if (free.includes(member)) return 0;
  if (member === "volumes") return list?.volume && list.volume.price_per_gb_month.net * (item.size ?? 0);
  const own = (item.server_type ?? item.load_balancer_type)?.prices;
  const prices = own?.map(({ location, price_monthly: { net } }) => ({ location, net: Number(net) }));
  const listed = list?.primary_ips.find(({ type }) => type === item.type)?.prices;
  return (prices ?? listed)?.find(({ location }) => location === place(item))?.net;
}

/** Of one list: what is of the cluster by label or name. A volume of the CSI driver's has no other name: it is named when it hangs nowhere. */
export function remains(
  cluster: string,
  {
    member,
    items,
    pricing,
  }: { readonly member: string; readonly items: readonly Remaining[]; readonly pricing?: Pricing | undefined },
): readonly Remains[] {
  const stray = ({ server, labels }: Remaining) =>
    member === "volumes" && server == null && labels?.["managed-by"] === "csi-driver";
  return items
    .filter((item) => isOfStage(cluster, item) || stray(item))
    .map((item) => {
      return {
        kind: remainingKinds[member] ?? member,
        id: item.id,
        name: item.name,
        euros: euros(member, item, pricing),
      };
    });
}

/** The report, and whether nothing is left. */
export function remainsText(stage: string, left: readonly Remains[]): string {
  if (left.length === 0) return `Nothing of ${stage} is left at Hetzner.`;
  const lines = left.map(({ kind, id, name, euros: each }) => {
    const price = each === 0 ? "" : `, ${each === undefined ? "price unknown" : `${each.toFixed(2)} € a month`}`;
    return `  ${kind} ${name} (${id}${price})`;
  });
  const sum = left.reduce((total, { euros: each }) => total + (each ?? 0), 0);
  const unknown = left.some(({ euros: each }) => each === undefined) ? ", beside what has no price here" : "";
  return [
    `Left at Hetzner of ${stage}:`,
    ...lines,
    `It costs ${sum.toFixed(2)} € a month net${unknown}.`,
    "Nothing of it was deleted; look at it in the Hetzner console.",
  ].join("\n");
}
