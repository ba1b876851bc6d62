import { z } from "zod";
import { actionView, begin } from "./actions.ts";
import { privateAddress, publicAddress } from "./addresses.ts";
import { type Location, loadBalancerTypes, locations, pick } from "./catalogue.ts";
import { change, collectionRoutes, find, json } from "./collection.ts";
import { apiError, invalidInput, parseBody } from "./error.ts";
import { labelsSchema } from "./labels.ts";
import { withChangedService, withoutService, withService } from "./load-balancer-services.ts";
import { withoutTarget, withTarget } from "./load-balancer-targets.ts";
import { loadBalancers } from "./load-balancers.ts";
import type { LoadBalancer } from "./model.ts";
import { checkName, checkQuota, type Project, timestamp } from "./project.ts";
import type { Answer, Call, Handler, Routes } from "./router.ts";

const algorithm = z.object({ type: z.enum(["round_robin", "least_connections"]) });
const idOrName = z.union([z.number(), z.string()]);
const creation = z.object({
  name: z.string().min(1),
  load_balancer_type: idOrName,
  location: idOrName.optional(),
  network_zone: z.string().optional(),
  algorithm: algorithm.default({ type: "round_robin" }),
  labels: labelsSchema.default({}),
  services: z.array(z.unknown()).default([]),
  targets: z.array(z.unknown()).default([]),
  public_interface: z.boolean().default(true),
  network: z.number().optional(),
});
const attachment = z.object({ network: z.number(), ip: z.string().optional(), ip_range: z.string().optional() });

function placeOf(wanted: z.infer<typeof creation>): Location {
  if ((wanted.location === undefined) === (wanted.network_zone === undefined))
    throw invalidInput("location", "exactly one of location and network_zone is required");
  const first = locations.find(({ network_zone }) => network_zone === wanted.network_zone);
  const found = wanted.location === undefined ? first : pick(locations, wanted.location);
  if (!found) throw invalidInput("location", "location or network zone not found");
  return found;
}

function attached(project: Project, balancer: LoadBalancer, wish: z.infer<typeof attachment>): Partial<LoadBalancer> {
  if (balancer.private_net.length > 0)
    throw apiError("load_balancer_already_attached", "the load balancer is already attached to a network");
  const zone = pick(locations, balancer.location)?.network_zone ?? "";
  return { private_net: [{ network: wish.network, ip: privateAddress(project, { ...wish, zone }) }] };
}

function build(project: Project, wanted: z.infer<typeof creation>): LoadBalancer {
  const type = pick(loadBalancerTypes, wanted.load_balancer_type);
  if (!type) throw invalidInput("load_balancer_type", `load balancer type ${wanted.load_balancer_type} not found`);
  const { name, labels } = wanted;
  return {
    ...{ id: project.nextId(), name, labels, created: timestamp(project.clock()) },
    ...{ load_balancer_type: type.name, location: placeOf(wanted).name, algorithm: wanted.algorithm },
    ...{
      ipv4: publicAddress(project, "ipv4", name),
      ipv6: publicAddress(project, "ipv6", name),
      public: wanted.public_interface,
    },
    ...{ private_net: [], services: [], targets: [], protection: { delete: false } },
  };
}

function create({ project, body }: Call): Answer {
  const wanted = parseBody(creation, body);
  checkName(project, "load_balancers", { name: wanted.name });
  checkQuota(project, "load_balancers");
  let balancer = build(project, wanted);
  if (wanted.network) balancer = { ...balancer, ...attached(project, balancer, { network: wanted.network }) };
  for (const service of wanted.services) balancer = { ...balancer, ...withService(balancer, service) };
  for (const target of wanted.targets) balancer = { ...balancer, ...withTarget(project, balancer, target) };
  project.tables.load_balancers.set(balancer.id, balancer);
  const resources = [{ id: balancer.id, type: "load_balancer" }];
  const action = begin(project, { command: "create_load_balancer", resources });
  const shown = loadBalancers.view(project, balancer);
  return json(201, { load_balancer: shown, action: actionView(project, action) });
}

type Patch = (balancer: LoadBalancer, call: Call) => Partial<LoadBalancer>;

function balancerAction(command: string, patch: Patch): Handler {
  return (call) => {
    const { project, id } = call;
    const balancer = find(loadBalancers, project, id);
    const to = patch(balancer, call);
    const step = { command, resources: [{ id, type: "load_balancer" }] };
    const action = begin(project, step, () => change(loadBalancers, project, { ...to, id }));
    return json(201, { action: actionView(project, action) });
  };
}

/** Targets that were reached through the network go with it. */
const detach: Patch = ({ private_net, targets }, { body }) => {
  const { network } = parseBody(attachment, body);
  if (private_net[0]?.network !== network)
    throw apiError("not_found", `load balancer is not attached to network with ID '${network}'`);
  return { private_net: [], targets: targets.filter(({ use_private_ip }) => !use_private_ip) };
};

const closePublic: Patch = ({ targets }) => {
  if (targets.some(({ use_private_ip }) => !use_private_ip))
    throw apiError("targets_without_use_private_ip", "the load balancer has targets that use the public IP");
  return { public: false };
};

const changeType: Patch = ({ services, targets }, { body }) => {
  const { load_balancer_type } = parseBody(z.object({ load_balancer_type: idOrName }), body);
  const type = pick(loadBalancerTypes, load_balancer_type);
  if (!type || services.length > type.max_services || targets.length > type.max_targets)
    throw apiError("invalid_load_balancer_type", "the load balancer type does not fit");
  return { load_balancer_type: type.name };
};

export const loadBalancerRoutes: Routes = {
  ...collectionRoutes(loadBalancers),
  "POST /load_balancers": create,
  "DELETE /load_balancers/:id": ({ project, id }) => {
    if (find(loadBalancers, project, id).protection.delete)
      throw apiError("protected", "load balancer deletion is protected");
    project.tables.load_balancers.delete(id);
    return { kind: "empty" };
  },
  "POST /load_balancers/:id/actions/attach_to_network": balancerAction(
    "attach_to_network",
    (balancer, { project, body }) => attached(project, balancer, parseBody(attachment, body)),
  ),
  "POST /load_balancers/:id/actions/detach_from_network": balancerAction("detach_from_network", detach),
  "POST /load_balancers/:id/actions/enable_public_interface": balancerAction("enable_public_interface", () => ({
    public: true,
  })),
  "POST /load_balancers/:id/actions/disable_public_interface": balancerAction("disable_public_interface", closePublic),
  "POST /load_balancers/:id/actions/add_service": balancerAction("add_service", (balancer, { body }) =>
    withService(balancer, body),
  ),
  "POST /load_balancers/:id/actions/update_service": balancerAction("update_service", (balancer, { body }) =>
    withChangedService(balancer, body),
  ),
  "POST /load_balancers/:id/actions/delete_service": balancerAction("delete_service", (balancer, { body }) =>
    withoutService(balancer, body),
  ),
  "POST /load_balancers/:id/actions/add_target": balancerAction("add_target", (balancer, { project, body }) =>
    withTarget(project, balancer, body),
  ),
  "POST /load_balancers/:id/actions/remove_target": balancerAction("remove_target", (balancer, { project, body }) =>
    withoutTarget(project, balancer, body),
  ),
  "POST /load_balancers/:id/actions/change_type": balancerAction("change_type", changeType),
  "POST /load_balancers/:id/actions/change_algorithm": balancerAction("change_algorithm", (_, { body }) => ({
    algorithm: parseBody(algorithm, body),
  })),
  "POST /load_balancers/:id/actions/change_protection": balancerAction("change_protection", (_, { body }) => ({
    protection: parseBody(z.object({ delete: z.boolean() }), body),
  })),
};
