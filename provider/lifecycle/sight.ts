/** SHELL: how memberships and the guard reach a cluster's API, over the stage's own mutual TLS, and Hetzner's. */
import { kube } from "../../stacks/access/kube.ts";
import type { AtHetzner, Item } from "../../stacks/cluster/leftovers.ts";
import { hetznerClient, officialEndpoint } from "../../stacks/preflight/hetzner.ts";
import { UserError } from "../resource.ts";
import type { Properties } from "../values.ts";
import type { Ask } from "./departure.ts";

function text(inputs: Properties, name: string): string {
  const value = inputs[name];
  return typeof value === "string" ? value : "";
}

/** @throws UserError in one clause where the API cannot be reached, or does not let us in */
export function clusterAsk(inputs: Properties, server: string, signal: AbortSignal): Ask {
  const [caCertificate, adminCertificate, adminKey] = [
    text(inputs, "caCertificate"),
    text(inputs, "adminCertificate"),
    text(inputs, "adminKey"),
  ];
  const { ask } = kube({ server, caCertificate, adminCertificate, adminKey }, signal);
  return async (question) => {
    if (!URL.canParse(server)) throw new UserError("its API has no address");
    const answer = await ask(question);
    if (answer.kind === "failure") throw new UserError(answer.failure.seen);
    return answer;
  };
}

/** The token that is set now, before the one that the last `up` knew. @throws HetznerError */
export async function atHetzner(inputs: Properties): Promise<AtHetzner> {
  const endpoint = process.env["HCLOUD_ENDPOINT"] || text(inputs, "endpoint") || officialEndpoint;
  const client = hetznerClient({ endpoint, token: process.env["HCLOUD_TOKEN"] || text(inputs, "token") });
  const list = async (member: string) => (await client.list(`/${member}`, member)) as readonly Item[];
  const [servers = [], networks = [], loadBalancers = [], volumes = []] = await Promise.all(
    ["servers", "networks", "load_balancers", "volumes"].map(list),
  );
  return { servers, networks, loadBalancers, volumes };
}
