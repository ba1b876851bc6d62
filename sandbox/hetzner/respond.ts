import { actionRoutes } from "./actions.ts";
import { catalogueRoutes } from "./catalogue-routes.ts";
import { ApiError, apiError } from "./error.ts";
import { firewallRoutes } from "./firewalls.ts";
import type { Entry } from "./journal.ts";
import { loadBalancerRoutes } from "./load-balancer-routes.ts";
import { networkRoutes } from "./networks.ts";
import { page } from "./page.ts";
import { placementGroupRoutes } from "./placement-groups.ts";
import { primaryIpRoutes } from "./primary-ip-routes.ts";
import type { Project } from "./project.ts";
import { type Answer, operationOf, type Routes } from "./router.ts";
import { serverRoutes } from "./server-routes.ts";
import { sshKeyRoutes } from "./ssh-keys.ts";
import { volumeRoutes } from "./volumes.ts";

const routes: Routes = {
  ...actionRoutes,
  ...catalogueRoutes,
  ...sshKeyRoutes,
  ...placementGroupRoutes,
  ...networkRoutes,
  ...serverRoutes,
  ...primaryIpRoutes,
  ...firewallRoutes,
  ...loadBalancerRoutes,
  ...volumeRoutes,
};

export interface Incoming {
  readonly method: string;
  /** As the HTTP request line has it: `/v1/servers?name=a`. */
  readonly target: string;
  readonly token: string | undefined;
  readonly agent: string | undefined;
  readonly text: string;
}

export interface Outgoing {
  readonly status: number;
  /** Empty with 204. */
  readonly body: object | undefined;
  readonly entry: Entry;
}

export interface Api {
  readonly project: Project;
  readonly token: string;
  /** False when the project's 3600 requests an hour are used up. */
  readonly spend: () => boolean;
}

/** `undefined` for what is no JSON. */
function decoded(text: string): unknown {
  try {
    return JSON.parse(text === "" ? "{}" : text);
  } catch {
    return undefined;
  }
}

function checkAllowed(api: Api, { token }: Incoming, operation: string): void {
  if (token !== api.token || api.project.faults.isRevoked()) throw apiError("unauthorized", "unable to authenticate");
  if (!api.spend()) throw apiError("rate_limit_exceeded", "rate limit of 3600 requests per hour reached");
  const fault = api.project.faults.takeRequest(operation);
  if (fault) throw new ApiError(fault);
}

interface Parsed {
  readonly url: URL;
  readonly operation: string;
  readonly id: number;
  readonly body: unknown;
}

function handle(api: Api, incoming: Incoming, parsed: Parsed): Answer {
  const { url, operation, id } = parsed;
  checkAllowed(api, incoming, operation);
  const handler = routes[operation];
  if (!handler) throw apiError("not_found", `the emulator has no ${operation}`);
  const { body } = parsed;
  if (typeof body !== "object" || body === null) throw apiError("json_error", "invalid JSON in request");
  const answer = handler({ project: api.project, id, query: url.searchParams, body });
  const lost = api.project.faults.takeAnswer(operation);
  if (lost) throw new ApiError(lost);
  return answer;
}

interface Rendered {
  readonly status: number;
  readonly body: object | undefined;
}

function rendered(answer: Answer, { url, operation }: Parsed, { faults }: Project): Rendered {
  switch (answer.kind) {
    case "json":
      return { status: answer.status, body: faults.rewritten(operation, answer.body) };
    case "list": {
      const body = page(answer, url.searchParams, faults.mostPerPage());
      return { status: 200, body: faults.rewritten(operation, body) };
    }
    case "empty":
      return { status: 204, body: undefined };
  }
}

/** A bug in the emulator is a 500 that names it; anything else is an error of the API. */
function failed(error: unknown): { readonly status: number; readonly body: object; readonly code: string } {
  const known = error instanceof ApiError ? error : apiError("server_error", `emulator: ${(error as Error).stack}`);
  const { status, code, message, details } = known;
  return { status, code, body: { error: { code, message, details } } };
}

/** Where a request goes to, below `/v1`. */
const placeOf = (target: string): { readonly url: URL; readonly path: string } => {
  const url = new URL(target, "http://emulator");
  return { url, path: url.pathname.replace(/^\/v1(?=\/)/, "") };
};

/** What a request asks for, before anything is done about it. */
export const askedFor = ({ method, target }: Pick<Incoming, "method" | "target">): string =>
  operationOf(method, placeOf(target).path).operation;

/** One request, answered at once: a handler never waits, so requests cannot meet in the middle of each other. */
export function respond(api: Api, incoming: Incoming): Outgoing {
  const { url, path } = placeOf(incoming.target);
  const parsed = { url, ...operationOf(incoming.method, path), body: decoded(incoming.text) };
  const answer = (): Rendered & { readonly code?: string } => {
    try {
      return rendered(handle(api, incoming, parsed), parsed, api.project);
    } catch (error) {
      return failed(error);
    }
  };
  const { status, body, code } = answer();
  const { operation } = parsed;
  const unknown = !(operation in routes);
  const entry = {
    method: incoming.method,
    agent: incoming.agent,
    path: path + url.search,
    operation,
    status,
    code,
    unknown,
    body: parsed.body,
  };
  return { status, body, entry };
}
