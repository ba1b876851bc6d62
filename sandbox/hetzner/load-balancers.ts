import { loadBalancerTypes, locations, pick } from "./catalogue.ts";
import type { Collection } from "./collection.ts";
import { labelSelector } from "./labels.ts";
import type { LoadBalancer, Target } from "./model.ts";
import type { Project } from "./project.ts";

/** Nothing is probed here: a machine that runs counts as healthy, until a fault says otherwise. */
function health({ faults, tables }: Project, { services }: LoadBalancer, server: number) {
  const { name = "", powered = false } = tables.servers.get(server) ?? {};
  const status = faults.healthOf(name) ?? (powered ? "healthy" : "unhealthy");
  return services.map(({ listen_port }) => ({ listen_port, status }));
}

function targetView(project: Project, balancer: LoadBalancer, target: Target): object {
  if (target.type === "server") return { ...target, health_status: health(project, balancer, target.server.id) };
  const picks = labelSelector(target.label_selector.selector) ?? (() => false);
  const picked = [...project.tables.servers.values()].filter(({ labels }) => picks(labels));
  const { use_private_ip } = target;
  const targets = picked.map(({ id }) => ({
    type: "server",
    server: { id },
    use_private_ip,
    health_status: health(project, balancer, id),
  }));
  return { ...target, targets };
}

function view(project: Project, balancer: LoadBalancer): object {
  const { ipv4, ipv6, public: enabled, ...shown } = balancer;
  return {
    ...shown,
    load_balancer_type: pick(loadBalancerTypes, balancer.load_balancer_type),
    location: pick(locations, balancer.location),
    public_net: {
      enabled,
      ipv4: { ip: ipv4, dns_ptr: `${ipv4}.example.com` },
      ipv6: { ip: ipv6.replace("/64", "1"), dns_ptr: null },
    },
    targets: balancer.targets.map((target) => targetView(project, balancer, target)),
    ...{ included_traffic: 20 * 1024 ** 4, outgoing_traffic: 0, ingoing_traffic: 0 },
  };
}

export const loadBalancers: Collection<LoadBalancer> = {
  kind: "load_balancers",
  one: "load_balancer",
  table: (tables) => tables.load_balancers,
  view,
};
