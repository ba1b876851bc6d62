import { z } from "zod";

/**
 * What Hetzner's API says, in the part that is looked at. Answers are read tolerantly: unknown members and words pass, and
 * what may be missing in an older or newer API is optional (members as in hcloud-go's schema package).
 */
const amount = z.union([z.string(), z.number()]).transform(Number).pipe(z.number());
const price = z.object({ net: amount, gross: amount });
export type Price = z.output<typeof price>;

const monthly = z
  .object({ location: z.string(), price_monthly: price })
  .transform(({ location, price_monthly }) => ({ location, ...price_monthly }));

const deprecation = z.object({ announced: z.string().nullish(), unavailable_after: z.string().nullish() }).nullish();

export const serverType = z.object({
  name: z.string(),
  cores: z.number(),
  /** GB */
  memory: z.number(),
  architecture: z.string(),
  prices: z.array(monthly).default([]),
  /** Where it is sold, and whether it can be ordered there now. */
  locations: z.array(z.object({ name: z.string(), available: z.boolean().optional(), deprecation })).default([]),
});
export type ServerType = z.output<typeof serverType>;

export const loadBalancerType = z.object({
  name: z.string(),
  max_services: z.number().optional(),
  max_targets: z.number().optional(),
  /** Since when it is; null when it is not. */
  deprecated: z.string().nullish(),
  prices: z.array(monthly).default([]),
});
export type LoadBalancerType = z.output<typeof loadBalancerType>;

export const image = z.object({
  name: z.string().nullish(),
  architecture: z.string(),
  deprecated: z.string().nullish(),
});
export type Image = z.output<typeof image>;

export const pricing = z.object({
  currency: z.string(),
  primary_ips: z.array(z.object({ type: z.string(), prices: z.array(monthly) })).default([]),
  volume: z.object({ price_per_gb_month: price }).optional(),
});
export type Pricing = z.output<typeof pricing>;

const named = z.object({ name: z.string() }).nullish();

/** What a load balancer found when it last asked a machine behind it, by the port that it listens on for it. */
const target = z.object({
  server: z.object({ id: z.number() }).nullish(),
  health_status: z.array(z.object({ listen_port: z.number(), status: z.string() })).default([]),
});
export type Target = z.output<typeof target>;

/** Anything that has a name in the project, whatever its kind. */
export const existing = z
  .object({
    id: z.number(),
    name: z.string(),
    labels: z.record(z.string(), z.string()).default({}),
    status: z.string().nullish(),
    /** Of a primary IP or a placement group. */
    type: z.string().nullish(),
    server_type: named,
    load_balancer_type: named,
    location: named,
    /** Before July 2026 a server had this in the place of its location. */
    datacenter: z.object({ location: named }).nullish(),
    /** The server that has a primary IP. */
    assignee_id: z.number().nullish(),
    /** Of a load balancer. */
    targets: z.array(target).default([]),
  })
  .transform(({ id, name, labels, status, targets, assignee_id, ...rest }) => ({
    ...{ id, name, labels, status, targets },
    type: rest.server_type?.name ?? rest.load_balancer_type?.name ?? rest.type,
    location: (rest.location ?? rest.datacenter?.location)?.name,
    assignee: assignee_id,
  }));
export type Existing = z.output<typeof existing>;

/** A network or a load balancer, with what else the program makes in it. */
export const whole = z.object({
  id: z.number(),
  subnets: z.array(z.object({ ip_range: z.string() })).default([]),
  routes: z.array(z.object({ destination: z.string() })).default([]),
  services: z.array(z.object({ listen_port: z.number() })).default([]),
});
export type Whole = z.output<typeof whole>;

/** Kinds of things that the program makes by name: the API's own word, the resource's type in Pulumi, the word for people. */
export const kinds = {
  servers: { token: "hcloud:index/server:Server", word: "server" },
  networks: { token: "hcloud:index/network:Network", word: "network" },
  load_balancers: { token: "hcloud:index/loadBalancer:LoadBalancer", word: "load balancer" },
  firewalls: { token: "hcloud:index/firewall:Firewall", word: "firewall" },
  placement_groups: { token: "hcloud:index/placementGroup:PlacementGroup", word: "placement group" },
  primary_ips: { token: "hcloud:index/primaryIp:PrimaryIp", word: "primary IP" },
} as const;
export type Kind = keyof typeof kinds;

/** The kind of a resource, by its type in Pulumi. */
export const kindOf = (token: string): Kind | undefined =>
  (Object.keys(kinds) as readonly Kind[]).find((kind) => kinds[kind].token === token);

/** What could be read; a part that is missing was not read, and what depends on it is not checked. */
export interface Snapshot {
  readonly serverTypes?: readonly ServerType[] | undefined;
  readonly loadBalancerTypes?: readonly LoadBalancerType[] | undefined;
  readonly pricing?: Pricing | undefined;
  /** Of the stage's image name, one per architecture. */
  readonly images?: readonly Image[] | undefined;
  /** Everything in the project, whoever made it. */
  readonly existing: { readonly [kind in Kind]?: readonly Existing[] | undefined };
}
