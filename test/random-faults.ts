/** What goes wrong at Hetzner, in random order: shared by who runs an apply loop a thousand times, and Pulumi a few times. */
import fc from "fast-check";
import { noAnswer } from "../sandbox/hetzner/error.ts";
import type { Hetzner } from "../sandbox/hetzner/start.ts";

export const writes = [
  ...["ssh_keys", "placement_groups", "networks", "servers", "primary_ips", "firewalls", "load_balancers"].flatMap(
    (kind) => [`POST /${kind}`, `DELETE /${kind}/:id`],
  ),
  ...["add_subnet", "delete_subnet", "add_route", "delete_route"].map((act) => `POST /networks/:id/actions/${act}`),
  "POST /servers/:id/actions/attach_to_network",
  "POST /firewalls/:id/actions/remove_from_resources",
  ...["attach_to_network", "detach_from_network", "add_service", "delete_service", "add_target", "remove_target"].map(
    (act) => `POST /load_balancers/:id/actions/${act}`,
  ),
];
const reads = ["GET /actions", "GET /servers/:id", "GET /networks/:id", "GET /load_balancers/:id", "GET /images"];

const codes = [
  ...["conflict", "locked", "rate_limit_exceeded", "bad_gateway", "timeout", "unavailable", "server_error"],
  ...["resource_unavailable", "resource_limit_exceeded", "service_error", "forbidden", "unauthorized", "maintenance"],
];
const commands = [
  ...["create_server", "start_server", "attach_to_network", "create_load_balancer", "add_service", "add_target"],
  ...["add_subnet", "add_route", "delete_server", "detach_from_network", "remove_target", "delete_subnet"],
];
const vanishing = ["servers", "networks", "load_balancers", "placement_groups", "firewalls", "ssh_keys"] as const;

const failure = fc.oneof(
  fc.constantFrom(...codes).map((code) => ({ code, message: `a fault of the test (${code})` })),
  fc.constant(noAnswer),
);
const times = fc.integer({ min: 1, max: 6 });

/** One thing that goes wrong. */
export const fault = fc.oneof(
  fc.record({ kind: fc.constant("refused" as const), operation: fc.constantFrom(...writes, ...reads), failure, times }),
  fc.record({ kind: fc.constant("lost" as const), operation: fc.constantFrom(...writes), failure, times }),
  fc.record({ kind: fc.constant("action" as const), command: fc.constantFrom(...commands), times }),
  fc.record({ kind: fc.constant("vanished" as const), what: fc.constantFrom(...vanishing) }),
);
export type Fault = typeof fault extends fc.Arbitrary<infer T> ? T : never;

interface Account {
  readonly api: Hetzner;
  readonly token: string;
}

export async function inject({ api, token }: Account, one: Fault): Promise<void> {
  const { faults } = api;
  if (one.kind === "refused") faults.failNext(one.operation, one.failure, one.times);
  if (one.kind === "lost") faults.failAfter(one.operation, one.failure, one.times);
  if (one.kind === "action") faults.failAction(one.command, { code: "action_failed", message: "it failed" }, one.times);
  if (one.kind !== "vanished") return;
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${api.url}/${one.what}`, { headers });
  const { [one.what]: items } = (await answer.json()) as {
    readonly [kind: string]: readonly { readonly id: number }[];
  };
  // An earlier fault may be waiting for just this request.
  for (const { id } of items ?? [])
    await fetch(`${api.url}/${one.what}/${id}`, { method: "DELETE", headers }).catch(() => {});
}

/** Nothing starts a machine again whose start failed; the preview says that it is off, and a person switches it on. */
export async function switchOn({ api, token }: Account): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  for (const { id } of api.state.servers().filter(({ powered }) => !powered))
    await fetch(`${api.url}/servers/${id}/actions/poweron`, { method: "POST", headers });
}

/** The provider calls a firewall gone whose deletion got no answer; `npm run destroy` lists what is left of it (F33). */
export const losesFirewall = (faults: readonly Fault[]): boolean =>
  faults.some((one) => "failure" in one && one.operation === "DELETE /firewalls/:id" && one.failure === noAnswer);
