/**
 * A stand-in for the Hetzner Cloud API: same paths, members, codes and rules for the resources this project uses, with a
 * state of its own. It starts no machine, probes nothing, charges nothing, and does not know volumes, floating IPs,
 * certificates, images of one's own, DNS or metrics; asking for one is a 404 that the journal keeps as unknown.
 * Rules from docs.hetzner.cloud and from what terraform-provider-hcloud and hcloud-go rely on; held to hcloud-go by a test.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Faults, faultBook } from "./faults.ts";
import { type Journal, startJournal } from "./journal.ts";
import type { Action, Firewall, LoadBalancer, Network, PlacementGroup, PrimaryIp, Server, Tables } from "./model.ts";
import { primaryIpOf } from "./primary-ips.ts";
import type { Project } from "./project.ts";
import { rateLimit } from "./rate-limit.ts";
import { type Api, askedFor, type Incoming, respond } from "./respond.ts";
import { openStore } from "./store.ts";

export interface HetznerOptions {
  /** 0 (the default) takes a free one. */
  readonly port?: number;
  /** Where the state outlives the process; without one it does not. */
  readonly stateFile?: string;
  /** 64 characters, as the official provider wants them. */
  readonly token: string;
  /** How long an action runs; 20 by default. The real API takes seconds. */
  readonly actionMilliseconds?: number;
  /** The first three parts of public IPv4 addresses, where something shall listen on them; documentation's, if not given. */
  readonly publicRange?: string;
}

export interface Hetzner {
  /** For `HCLOUD_ENDPOINT`: `http://127.0.0.1:PORT/v1`. */
  readonly url: string;
  readonly port: number;
  readonly state: HetznerState;
  readonly journal: Journal;
  readonly faults: Faults;
  /** Gives back an hour's requests, as an hour does: the sandbox asks of an action more often than a stage that is real. */
  readonly refill: () => void;
  readonly close: () => Promise<void>;
}

/** What the rest of the sandbox may look at, behind the API's back. */
export interface HetznerState {
  readonly servers: () => readonly Server[];
  readonly networks: () => readonly Network[];
  readonly loadBalancers: () => readonly LoadBalancer[];
  readonly firewalls: () => readonly Firewall[];
  readonly placementGroups: () => readonly PlacementGroup[];
  readonly primaryIps: () => readonly PrimaryIp[];
  /** Every action there was, in the order of their beginning. */
  readonly actions: () => readonly Action[];
  /** As the metadata service gives it to the node itself; the API never does. */
  readonly userData: (serverId: number) => string | undefined;
  readonly publicIpv4: (serverId: number) => string | undefined;
  /** How many there are of each kind, catalogue and actions left out; all zero when everything is destroyed. */
  readonly counts: () => { readonly [kind: string]: number };
}

function stateReaders(project: Project): HetznerState {
  const { tables } = project;
  const { actions: _, ...kinds }: Tables = tables;
  return {
    servers: () => [...tables.servers.values()],
    networks: () => [...tables.networks.values()],
    loadBalancers: () => [...tables.load_balancers.values()],
    firewalls: () => [...tables.firewalls.values()],
    placementGroups: () => [...tables.placement_groups.values()],
    primaryIps: () => [...tables.primary_ips.values()],
    actions: () => [...tables.actions.values()],
    userData: (id) => tables.servers.get(id)?.user_data,
    publicIpv4: (id) => primaryIpOf(project, id, "ipv4")?.ip,
    counts: () => Object.fromEntries(Object.entries(kinds).map(([kind, table]) => [kind, table.size])),
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function incomingOf({ method = "GET", url: target = "/", headers }: IncomingMessage, text: string): Incoming {
  const token = headers.authorization?.replace(/^Bearer /, "");
  return { method, target, token, agent: headers["user-agent"], text };
}

function send(response: ServerResponse, status: number, body: object | undefined): void {
  response.writeHead(status, body ? { "content-type": "application/json" } : {});
  response.end(body ? JSON.stringify(body) : undefined);
}

function checkToken(token: string): void {
  if (token.length !== 64)
    throw new Error(`the emulator's token has ${token.length} characters: the provider wants 64`);
}

/** Answers requests in the order in which they are complete; `save` is called when something may have changed. */
function answering(api: Api, journal: ReturnType<typeof startJournal>, tools: { save(): void; headers(): object }) {
  const { faults } = api.project;
  let requests = 0;
  const reply = (response: ServerResponse, incoming: Incoming) => {
    const { status, body, entry } = respond(api, incoming);
    if (incoming.method !== "GET") tools.save();
    journal.add(entry);
    requests += 1;
    const correlation = { "x-correlation-id": requests.toString(16).padStart(16, "0") };
    for (const [name, value] of Object.entries({ ...tools.headers(), ...correlation })) response.setHeader(name, value);
    return () => (status === 0 ? response.destroy() : send(response, status, body));
  };
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const incoming = incomingOf(request, await textOf(request));
    const cut = incoming.method === "GET" ? undefined : faults.takeCut();
    const tell = cut?.moment === "before" ? undefined : reply(response, incoming);
    if (!cut) return void tell?.();
    await cut.hold(askedFor(incoming));
    response.destroy();
  };
}

export async function startHetzner(options: HetznerOptions): Promise<Hetzner> {
  checkToken(options.token);
  const { tables, nextId, save } = openStore(options.stateFile);
  const [faults, journal, limit] = [faultBook(), startJournal(), rateLimit(Date.now)];
  const actionMilliseconds = options.actionMilliseconds ?? 20;
  const { publicRange } = options;
  const project: Project = { tables, nextId, faults, clock: Date.now, actionMilliseconds, publicRange };
  const api = { project, token: options.token, spend: limit.spend };
  const answer = answering(api, journal, { save, headers: limit.headers });
  const server = createServer((request, response) => void answer(request, response));
  // A client on a busy machine may send on a connection that is being closed for its idleness, which Go's would try again.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  const state = stateReaders(project);
  return { url: `http://127.0.0.1:${port}/v1`, port, state, journal, faults, refill: limit.reset, close };
}
