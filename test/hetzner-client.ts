/** The Hetzner emulator from outside, for tests: plain HTTP, and the two things that most tests need to exist. */
import type { Hetzner } from "../sandbox/hetzner/start.ts";

export const hetznerToken = "t".repeat(64);
export const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPX7BbL0IgNTEQOyNbZ3ZbKhZ4yLDX1r1GbmyYrnbVhX acme";

/** The members that tests assert; an answer has some of them. */
interface Body {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly details: { readonly fields: readonly { readonly name: string }[]; readonly limits: unknown };
  };
  readonly server: {
    readonly id: number;
    readonly status: string;
    readonly locked: boolean;
    readonly labels: object;
    readonly public_net: { readonly ipv4: { readonly ip: string }; readonly firewalls: readonly object[] };
  };
  readonly action: { readonly id: number; readonly status: string };
  readonly actions: readonly object[];
  readonly next_actions: readonly { readonly command: string }[];
  readonly primary_ip: { readonly id: number; readonly ip: string; readonly assignee_id: number | null };
  readonly network: {
    readonly id: number;
    readonly subnets: readonly { readonly gateway: string }[];
    readonly routes: unknown;
  };
  readonly placement_group: { readonly id: number };
  readonly placement_groups: readonly { readonly name: string }[];
  readonly firewall: { readonly id: number };
  readonly load_balancer: { readonly id: number };
  readonly images: readonly { readonly id: number }[];
  readonly meta: { readonly pagination: object };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

export const code = ({ body }: Pick<Answer, "body">): string => body.error.code;
export const fields = ({ body }: Answer): readonly string[] => body.error.details.fields.map(({ name }) => name);

/** A request for a server that can be had. */
export const server = (more: object = {}) => ({
  name: "dev-server-1",
  server_type: "cpx22",
  image: "ubuntu-24.04",
  location: "nbg1",
  ...more,
});

/**
 * Where nothing answers. Not a port that was free a moment ago: whatever starts next may get it, and an `up` starts a dozen
 * servers. Nobody gets one below 1024, and `fetch` refuses port 1 itself (fetch.spec.whatwg.org, "bad port").
 */
export const nowhere = "http://127.0.0.1:2";
export const goneEndpoint = `${nowhere}/v1`;

export function hetznerClient(api: () => Hetzner) {
  const call = async (method: string, path: string, body?: object): Promise<Answer> => {
    const headers = { authorization: `Bearer ${hetznerToken}` };
    const sent = body ? { body: JSON.stringify(body) } : {};
    const response = await fetch(`${api().url}${path}`, { method, headers, ...sent });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: JSON.parse(text || "{}") };
  };
  const post = (path: string, body: object = {}) => call("POST", path, body);
  const created = async (more: object = {}): Promise<number> => (await post("/servers", server(more))).body.server.id;
  const network = async (ip_range = "10.10.0.0/24"): Promise<number> => {
    const subnets = [{ type: "cloud", network_zone: "eu-central", ip_range }];
    return (await post("/networks", { name: "net", ip_range: "10.10.0.0/16", subnets })).body.network.id;
  };
  return { call, post, created, network };
}
