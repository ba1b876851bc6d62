import { type Demand, isOurs } from "./demand.ts";
import type { Question } from "./findings.ts";
import { priceAt } from "./offers.ts";
import type { Price, Snapshot } from "./snapshot.ts";

/** One kind of thing at one place: how many, at what price of a month each, net and gross. */
export interface Line {
  /** `server cpx22` */
  readonly what: string;
  readonly location: string;
  /** How many there are now, and how many there are to be. */
  readonly before: number;
  readonly after: number;
  /** Of one; missing where Hetzner's list has no price. */
  readonly each: Price | undefined;
}

export interface Bill {
  readonly currency: string;
  readonly lines: readonly Line[];
  /** What exists now of this stage, at the same list prices. */
  readonly before: Price;
  readonly after: Price;
}

/** What costs something: the name of its line, where it is, and what one costs. */
interface Item {
  readonly what: string;
  readonly location: string;
  readonly each: Price | undefined;
}

interface Priced {
  server(type: string, location: string): Item;
  loadBalancer(type: string, location: string): Item;
  ipv4(location: string): Item;
}

function priced({ serverTypes = [], loadBalancerTypes = [], pricing }: Snapshot): Priced {
  const of = (types: readonly Parameters<typeof priceAt>[0][], location: string) => {
    const [type] = types;
    return type && priceAt(type, location);
  };
  const addresses = pricing?.primary_ips.filter(({ type }) => type === "ipv4") ?? [];
  return {
    server: (type, location) => ({
      ...{ what: `server ${type}`, location },
      each: of(
        serverTypes.filter(({ name }) => name === type),
        location,
      ),
    }),
    loadBalancer: (type, location) => ({
      ...{ what: `load balancer ${type}`, location },
      each: of(
        loadBalancerTypes.filter(({ name }) => name === type),
        location,
      ),
    }),
    ipv4: (location) => ({ what: "public IPv4 address", location, each: of(addresses, location) }),
  };
}

const wanted = ({ servers, loadBalancers, addresses }: Demand, of: Priced): readonly Item[] => [
  ...servers.map(({ type, location }) => of.server(type, location)),
  ...loadBalancers.map(({ type, location }) => of.loadBalancer(type, location)),
  ...addresses.map((location) => of.ipv4(location)),
];

function present({ demand, snapshot: { existing } }: Question, of: Priced): readonly Item[] {
  const own = (kind: "servers" | "load_balancers") => (existing[kind] ?? []).filter((each) => isOurs(each, demand));
  const servers = own("servers");
  const ids = new Set(servers.map(({ id }) => id));
  const addresses = (existing.primary_ips ?? []).filter(
    (ip) => ip.type === "ipv4" && (isOurs(ip, demand) || (ip.assignee && ids.has(ip.assignee))),
  );
  return [
    ...servers.map(({ type, location }) => of.server(type ?? "", location ?? "")),
    ...own("load_balancers").map(({ type, location }) => of.loadBalancer(type ?? "", location ?? "")),
    ...addresses.map(({ location }) => of.ipv4(location ?? "")),
  ];
}

const keyOf = ({ what, location }: Item): string => `${what} ${location}`;

function sum(lines: readonly Line[], count: (line: Line) => number): Price {
  const total = (part: "net" | "gross") => lines.reduce((so, line) => so + (line.each?.[part] ?? 0) * count(line), 0);
  return { net: total("net"), gross: total("gross") };
}

/**
 * What the stage costs a month by Hetzner's price list, and what exists of it now by the same list. Nothing where the list
 * was not read. What a cluster orders by itself (volumes, load balancers of Services) is not in it.
 */
export function bill(question: Question): Bill | undefined {
  const { snapshot, demand } = question;
  if (!(snapshot.serverTypes && snapshot.loadBalancerTypes && snapshot.pricing)) return undefined;
  const of = priced(snapshot);
  const [after, before] = [wanted(demand, of), present(question, of)];
  const count = (items: readonly Item[]) => Map.groupBy(items, keyOf);
  const [then, now] = [count(after), count(before)];
  const lines = [...count([...after, ...before])].flatMap(([key, [item]]) =>
    item ? [{ ...item, before: now.get(key)?.length ?? 0, after: then.get(key)?.length ?? 0 }] : [],
  );
  return {
    ...{ currency: snapshot.pricing.currency, lines },
    before: sum(lines, (line) => line.before),
    after: sum(lines, (line) => line.after),
  };
}
