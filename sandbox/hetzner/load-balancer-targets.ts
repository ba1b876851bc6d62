import { z } from "zod";
import { loadBalancerTypes, pick } from "./catalogue.ts";
import { find } from "./collection.ts";
import { apiError, parseBody } from "./error.ts";
import { labelSelector } from "./labels.ts";
import type { LoadBalancer, Target } from "./model.ts";
import { primaryIpOf } from "./primary-ips.ts";
import type { Project } from "./project.ts";
import { servers } from "./servers.ts";

const privately = { use_private_ip: z.boolean().default(false) };
const target = z.discriminatedUnion("type", [
  z.object({ type: z.literal("server"), server: z.object({ id: z.number() }), ...privately }),
  z.object({
    type: z.literal("label_selector"),
    label_selector: z.object({ selector: z.string().refine((text) => labelSelector(text), "invalid label selector") }),
    ...privately,
  }),
  z.object({ type: z.literal("ip"), ip: z.object({ ip: z.string() }), ...privately }),
]);

function wantedTarget(project: Project, body: unknown): Target {
  const wanted = parseBody(target, body);
  if (wanted.type !== "ip") return wanted;
  // Addresses of dedicated servers only, and the emulated project has none.
  const own = [...project.tables.primary_ips.values()].some(({ ip }) => ip === wanted.ip.ip);
  if (own) throw apiError("cloud_resource_ip_not_allowed", "the IP belongs to a Hetzner Cloud resource");
  throw apiError("ip_not_owned", "the IP is not owned by the project owner");
}

function isSame(a: Target, b: Target): boolean {
  if (a.type === "server") return b.type === "server" && a.server.id === b.server.id;
  return b.type === "label_selector" && a.label_selector.selector === b.label_selector.selector;
}

function checkReachable(project: Project, balancer: LoadBalancer, wanted: Target): void {
  const own = balancer.private_net[0]?.network;
  if (wanted.use_private_ip && own === undefined)
    throw apiError("load_balancer_not_attached_to_network", "the load balancer is not attached to a network");
  if (!wanted.use_private_ip && !balancer.public)
    throw apiError("load_balancer_public_interface_disabled", "the load balancer's public interface is disabled");
  if (wanted.type !== "server") return;
  const server = find(servers, project, wanted.server.id);
  if (wanted.use_private_ip && !server.private_net.some(({ network }) => network === own))
    throw apiError("server_not_attached_to_network", "the server is not attached to the load balancer's network");
  if (!wanted.use_private_ip && !primaryIpOf(project, server.id, "ipv4"))
    throw apiError("missing_ipv4", "the server has no public IPv4 address");
}

export function withTarget(project: Project, balancer: LoadBalancer, body: unknown): Partial<LoadBalancer> {
  const wanted = wantedTarget(project, body);
  checkReachable(project, balancer, wanted);
  if (balancer.targets.some((known) => isSame(known, wanted)))
    throw apiError("target_already_defined", "the target is already defined");
  if (balancer.targets.length >= (pick(loadBalancerTypes, balancer.load_balancer_type)?.max_targets ?? 0))
    throw apiError("resource_limit_exceeded", "the load balancer type takes no more targets");
  return { targets: [...balancer.targets, wanted] };
}

export function withoutTarget(project: Project, balancer: LoadBalancer, body: unknown): Partial<LoadBalancer> {
  const gone = wantedTarget(project, body);
  const targets = balancer.targets.filter((known) => !isSame(known, gone));
  // The provider looks for these words (internal/loadbalancer/resource_target.go).
  if (targets.length === balancer.targets.length) throw apiError("invalid_input", "target not found", { fields: [] });
  return { targets };
}
