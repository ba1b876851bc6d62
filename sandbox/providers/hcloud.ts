/**
 * A thin stand-in for Pulumi's hcloud provider 1.41, for machines that cannot download the official plugin. It is attached
 * in the sandbox only (PULUMI_DEBUG_PROVIDERS) and talks to loopback addresses only. It has the resources this project uses,
 * with the official tokens, properties, ids, replacement rules, request order and error texts, read from
 * terraform-provider-hcloud 1.68 and pulumi-terraform-bridge. It does not have: any other resource or function, the checks of
 * single values before the API sees them, import of load balancer targets, ISO and rescue, changes of `publicNets`, primary IPs that change hands, and the 45 minutes of retries on a subnet in use.
 */
import { type Served, serve } from "../../provider/protocol.ts";
import { type Provider, UserError } from "../../provider/resource.ts";
import type { Properties, Value } from "../../provider/values.ts";
import { apiClient, type Settings } from "./hcloud/client.ts";
import { firewall } from "./hcloud/firewalls.ts";
import type { Kind } from "./hcloud/kind.ts";
import { loadBalancerNetwork } from "./hcloud/load-balancer-networks.ts";
import { loadBalancerService } from "./hcloud/load-balancer-services.ts";
import { loadBalancerTarget } from "./hcloud/load-balancer-targets.ts";
import { loadBalancer } from "./hcloud/load-balancers.ts";
import { network, networkRoute, networkSubnet } from "./hcloud/networks.ts";
import { primaryIp } from "./hcloud/primary-ips.ts";
import { resource } from "./hcloud/resource.ts";
import { server } from "./hcloud/servers.ts";
import { placementGroup, sshKey } from "./hcloud/small.ts";

const kinds: { readonly [token: string]: Kind } = {
  "hcloud:index/network:Network": network,
  "hcloud:index/networkSubnet:NetworkSubnet": networkSubnet,
  "hcloud:index/networkRoute:NetworkRoute": networkRoute,
  "hcloud:index/firewall:Firewall": firewall,
  "hcloud:index/primaryIp:PrimaryIp": primaryIp,
  "hcloud:index/placementGroup:PlacementGroup": placementGroup,
  "hcloud:index/sshKey:SshKey": sshKey,
  "hcloud:index/server:Server": server,
  "hcloud:index/loadBalancer:LoadBalancer": loadBalancer,
  "hcloud:index/loadBalancerNetwork:LoadBalancerNetwork": loadBalancerNetwork,
  "hcloud:index/loadBalancerService:LoadBalancerService": loadBalancerService,
  "hcloud:index/loadBalancerTarget:LoadBalancerTarget": loadBalancerTarget,
};

const units: { readonly [unit: string]: number } = { ms: 1, s: 1000, m: 60_000 };

/** A Go duration of one part: `500ms`, `1s`. */
function milliseconds(duration: string): number {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(duration) ?? [];
  if (amount === undefined) throw new UserError(`time: invalid duration "${duration}"`);
  return Number(amount) * (units[unit] ?? 1);
}

const spoken = (value: Value | undefined, otherwise = ""): string =>
  typeof value === "string" && value !== "" ? value : otherwise;

interface Environment {
  readonly [name: string]: string | undefined;
}

/** `hcloud:endpoint` and the rest of the provider's configuration, or the environment. */
function settings(variables: Properties, env: Environment): Omit<Settings, "pause" | "deadline"> {
  const token = spoken(variables["token"], env["HCLOUD_TOKEN"]);
  if (token.length !== 64) throw new UserError("entered token is invalid (must be exactly 64 characters long)");
  const endpoint = spoken(variables["endpoint"], env["HCLOUD_ENDPOINT"]);
  if (!/^http:\/\/(127\.0\.0\.1|localhost)[:/]/.test(endpoint))
    throw new UserError(`this stand-in for the hcloud provider talks to loopback only, not to "${endpoint}"`);
  const first = milliseconds(spoken(variables["pollInterval"], "500ms"));
  const grows = variables["pollFunction"] === "constant" ? 1 : 2;
  return { token, endpoint, poll: (attempt) => Math.min(first * grows ** attempt, 60_000) };
}

export interface HcloudOptions {
  /** Before the first of the client's own further tries; it doubles. A second, as in hcloud-go, unless given. */
  readonly pauseMilliseconds?: number;
  /** Terraform's limit to one operation; 20 minutes, as in its SDK, unless given. */
  readonly deadlineMilliseconds?: number;
  /** 0 (the default) takes a free one. */
  readonly port?: number;
  /** Of the `pulumi` process: a plugin inherits it, one that is attached does not. This process's own by default. */
  readonly env?: Environment;
}

/** Serves on loopback, for PULUMI_DEBUG_PROVIDERS=hcloud:<port>. Closed, it asks Hetzner for nothing more. */
export async function startHcloudProvider({
  port = 0,
  env = process.env,
  ...pace
}: HcloudOptions = {}): Promise<Served> {
  const { pauseMilliseconds: pause = 1000, deadlineMilliseconds: deadline = 20 * 60_000 } = pace;
  let current: Settings | undefined;
  const client = apiClient(() => {
    if (!current) throw new Error("the provider is not configured, or closed");
    return current;
  });
  const resources = Object.fromEntries(Object.entries(kinds).map(([token, kind]) => [token, resource(kind, client)]));
  const provider: Provider = {
    name: "hcloud",
    version: "1.41.0",
    configure: (variables) => {
      current = { ...settings(variables, env), pause, deadline };
    },
    resources,
  };
  const { close, ...served } = await serve(provider, { port });
  return {
    ...served,
    close: () => {
      current = undefined;
      return close();
    },
  };
}
