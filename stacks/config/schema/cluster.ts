import { z } from "zod";
import { zoneOf } from "../locations.ts";
import { name, nodeLabels, taint } from "./names.ts";
import { nodeKeys } from "./node.ts";

const cidr4 = z.cidrv4({ error: "use an IPv4 range such as 10.10.0.0/16" }).meta({ examples: ["10.10.0.0/16"] });
const serverType = z
  .string()
  .regex(/^[a-z]{2,4}[0-9]{2,3}$/, "use a Hetzner server type such as cpx22")
  .meta({ examples: ["cpx22"] });

const location = z.enum(Object.keys(zoneOf));

const generations = z
  .record(z.string().regex(/^[1-9][0-9]{0,2}$/, "use a node's number, such as 1"), z.int().min(1).max(10_000))
  .default({})
  .describe("by a node's number; raising it replaces that node in the next `up`. Each begins with 1");

const pool = z.strictObject({
  count: z.int().min(0).max(100).describe("how many nodes; a lower one takes the highest numbers away"),
  type: serverType.describe("Hetzner's server type; docs/day-2.md says how a living node gets another"),
  subnet: cidr4
    .meta({ examples: ["10.10.0.0/24"] })
    .describe("a part of the network for these nodes alone; its addresses are theirs for ever"),
  generations,
  labels: nodeLabels.default({}).describe("of the Kubernetes nodes, given when a node joins"),
  taints: z.array(taint).default([]).describe("of the Kubernetes nodes, given when a node joins"),
  public: z
    .boolean()
    .default(true)
    .describe("false: no address on the internet, which these nodes then reach through the gateway"),
});

const timeOfDay = z
  .string()
  .regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/, "use a time such as 02:00")
  .meta({ examples: ["02:00"] });

/** One stage's cluster, below the key `cluster` of its file. */
export const cluster = z.strictObject({
  location: location.describe("of everything that names no other"),
  image: z.string().min(1).default("ubuntu-24.04").describe("Hetzner's image; living nodes keep theirs"),
  network: cidr4.describe("the stage's private network"),
  servers: pool
    .extend({
      count: z
        .union([z.literal(1), z.literal(3), z.literal(5)], { error: "use 1, 3 or 5: etcd needs a majority" })
        .describe("how many servers; etcd keeps its majority while one of 3, or two of 5, are away"),
      locations: z
        .array(location)
        .min(1, "name one for all servers or one for each")
        .optional()
        .describe("one for all, or one for each by its number; the cluster's, if not given"),
    })
    .describe("the control plane; apps run here too, unless taints keep them away"),
  pools: z
    .record(name, pool.extend({ location: location.optional().describe("the cluster's, if not given") }))
    .default({})
    .describe("agents; a pool's name is its identity"),
  api: z
    .strictObject({
      allow: z
        .array(
          z
            .union([z.literal("everyone"), z.cidrv4(), z.cidrv6()], { error: "use a range such as 203.0.113.7/32" })
            .meta({ examples: ["203.0.113.7/32"] }),
        )
        .describe("who may reach the Kubernetes API; nobody from the internet, if empty"),
      via: z
        .enum(["server", "load-balancer"])
        .default("server")
        .describe(
          "where people and programs reach it: at the first server, or at a load balancer, which has no firewall",
        ),
    })
    .describe("the Kubernetes API"),
  gateway: z
    .strictObject({
      type: serverType.meta({ examples: ["cpx12"] }).describe("Hetzner's server type; the smallest will do"),
      location: location.optional().describe("the cluster's, if not given"),
    })
    .optional()
    .describe("the machine through which nodes without a public address reach the internet"),
  ingress: z
    .enum(["node", "load-balancer"])
    .default("node")
    .describe("where the apps' DNS names point: to the first server, or to a load balancer in front of the nodes"),
  protect: z
    .boolean()
    .default(false)
    .describe(
      "refuse to delete or replace network, load balancers, gateway, servers and their addresses; agents come and go",
    ),
  upgrades: z
    .strictObject({
      window: z
        .strictObject({
          days: z
            .array(z.enum(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]))
            .min(1)
            .describe("on which it opens"),
          start: timeOfDay.describe("when it opens"),
          end: timeOfDay.describe("when it closes; a node that has begun is finished"),
          timeZone: z
            .string()
            .regex(/^[A-Za-z]+([/_+-][A-Za-z0-9_+-]+)*$/, "use a zone such as Europe/Berlin")
            .default("UTC")
            .describe("of start and end"),
        })
        .optional()
        .describe("when an upgrade may begin on a node; any time, if not given"),
    })
    .optional()
    .describe("nodes take the k3s of pins.json by themselves: servers one by one, then agents"),
  restore: z
    .strictObject({
      snapshot: z
        .string()
        .regex(/^[\w][\w.-]{0,200}$/, "use a snapshot's name, such as etcd-snapshot-shop-prod-server-1-1790000000")
        .describe("its name in the bucket"),
      generation: z.int().min(2).describe("of server 1, the one in servers.generations"),
    })
    .optional()
    .describe("server 1 of this generation starts the cluster from the snapshot instead of joining it"),
  loadBalancer: z
    .string()
    .regex(/^lb[0-9]{2}$/, "use a load balancer type such as lb11")
    .default("lb11")
    .describe("Hetzner's type of every load balancer"),
  ...nodeKeys,
});
