import type { LoadBalancerDemand } from "./demand.ts";
import { existingOf, type Findings, nothing, type Question, refuse, together, warn } from "./findings.ts";

const path = ["cluster", "loadBalancer"];

function oneFinding({ name, type: wanted, location }: LoadBalancerDemand, { snapshot }: Question): Findings {
  const types = snapshot.loadBalancerTypes ?? [];
  const type = types.find((each) => each.name === wanted);
  const current = types.filter(({ deprecated }) => !deprecated).map((each) => each.name);
  const choice = `use one of ${current.join(", ")}`;
  if (existingOf(snapshot, "load_balancers", name)?.type === wanted && type) return nothing;
  if (!type) return refuse(path, `Hetzner has no load balancer type ${wanted}: ${choice}`);
  const isSold = type.prices.length === 0 || type.prices.some((price) => price.location === location);
  if (!isSold) return refuse(path, `${wanted} is not sold at ${location}: ${choice}`);
  const since = type.deprecated?.slice(0, 10);
  return since ? warn(path, `Hetzner calls ${wanted} deprecated since ${since}: ${choice}`) : nothing;
}

/** Whether the types of the load balancers that are still to be made can be had. */
export const loadBalancerFindings = (question: Question): Findings =>
  question.snapshot.loadBalancerTypes
    ? together(question.demand.loadBalancers.map((demand) => oneFinding(demand, question)))
    : nothing;
