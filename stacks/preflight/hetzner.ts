/** SHELL: reads Hetzner's API. It never writes, and no message of it has the token. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Answer, request } from "./request.ts";

export interface Account {
  /** `https://api.hetzner.cloud/v1` */
  readonly endpoint: string;
  readonly token: string;
  /** For everything that is asked, in milliseconds. */
  readonly deadline?: number;
  /** The first pause before another try, in milliseconds; it doubles. */
  readonly pause?: number;
}

export const officialEndpoint = "https://api.hetzner.cloud/v1";

/** Hetzner did not give what was asked; the message says why, without a stack. */
export class HetznerError extends Error {
  override readonly name = "HetznerError";
  /** The API's own code, where it gave one. */
  readonly code: string;

  constructor(message: string, code = "") {
    super(message);
    this.code = code;
  }
}

/** One who asks; all that it asks shares a deadline. */
export interface Client {
  get(path: string): Promise<object>;
  /** Every item of a list, page after page. */
  list(path: string, member: string): Promise<readonly unknown[]>;
  /** Milliseconds that this machine's clock is ahead of Hetzner's, by its last answer. */
  ahead(): number | undefined;
}

const seconds = (milliseconds: number): string => `${milliseconds / 1000} s`;

function unreachable(error: unknown, { endpoint, deadline = 0 }: Account): HetznerError {
  const host = URL.canParse(endpoint) ? new URL(endpoint).host : endpoint;
  if (error instanceof Error && error.name === "TimeoutError") {
    return new HetznerError(
      `${host} did not answer within ${seconds(deadline)}; status.hetzner.com says whether it is down`,
    );
  }
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = code ?? message;
  if (/^CERT_(NOT_YET_VALID|HAS_EXPIRED)$/.test(reason)) {
    const today = new Date().toISOString().slice(0, 10);
    return new HetznerError(
      `the certificate of ${host} is not valid on ${today}, which this machine takes today for`,
      "clock",
    );
  }
  return new HetznerError(`${host} cannot be reached (${reason})`);
}

interface Envelope {
  readonly error?: { readonly code?: string; readonly message?: string };
}

const utc = (unixSeconds: number): string => `${new Date(unixSeconds * 1000).toISOString().slice(11, 19)} UTC`;

/** `undefined` where it is no JSON. */
function json({ text }: Answer): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusal(response: Answer): HetznerError {
  const { code = "", message = "" } = (json(response) as Envelope | null | undefined)?.error ?? {};
  const reset = Number(response.headers["ratelimit-reset"]);
  if (response.status === 429) {
    const until = reset > 0 ? `, all of them are back at ${utc(reset)}` : "";
    return new HetznerError(`the project's requests to its API are used up${until}`, code);
  }
  const hint = response.status >= 500 ? "; status.hetzner.com says whether it is down" : "";
  return new HetznerError(code ? `${message} (${code})${hint}` : `it answers ${response.status}${hint}`, code);
}

/** Answers that another moment may better. */
const passing = new Set([429, 502, 503, 504]);

interface Asking extends Account {
  readonly signal: AbortSignal;
  readonly ends: number;
  readonly clock: { ahead: number | undefined };
}

async function ask(path: string, asking: Asking): Promise<Answer> {
  const { endpoint, token, signal, clock } = asking;
  const headers = { authorization: `Bearer ${token}`, "user-agent": "k3s-stages" };
  const response = await request(`${endpoint}${path}`, { headers, signal }).catch((error: unknown) => {
    throw unreachable(error, asking);
  });
  const date = Date.parse(response.headers.date ?? "");
  if (!Number.isNaN(date)) clock.ahead = Date.now() - date;
  return response;
}

/** Tries again while there is time; the bucket of requests gets one back each second. */
async function answered(path: string, asking: Asking, attempt = 0): Promise<Answer> {
  const response = await ask(path, asking);
  if (response.status >= 200 && response.status < 300) return response;
  const error = refusal(response);
  const wait = (asking.pause ?? 1000) * 2 ** attempt;
  if (!passing.has(response.status) || Date.now() + wait > asking.ends) throw error;
  await sleep(wait);
  return answered(path, asking, attempt + 1).catch((later: unknown) => {
    // The reason for trying again says more than the end of the time for it.
    throw asking.signal.aborted ? error : later;
  });
}

interface Page {
  readonly meta?: { readonly pagination?: { readonly next_page?: number | null } };
  readonly [member: string]: unknown;
}

async function get(path: string, asking: Asking): Promise<object> {
  const body = json(await answered(path, asking));
  if (typeof body === "object" && body !== null) return body;
  throw new HetznerError(`${new URL(asking.endpoint).host} answers with what is no JSON: is that its API?`);
}

/** Page after page, as `meta.pagination` says; never the same one twice. */
async function list(path: string, member: string, asking: Asking): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  const query = `${path}${path.includes("?") ? "&" : "?"}per_page=50`;
  for (let page: number | undefined = 1; page !== undefined; ) {
    const { [member]: items, meta } = (await get(`${query}&page=${page}`, asking)) as Page;
    if (!Array.isArray(items)) throw new HetznerError(`its answer to ${path} has no ${member}`);
    found.push(...items);
    const next: number = meta?.pagination?.next_page ?? 0;
    page = next > page ? next : undefined;
  }
  return found;
}

export function hetznerClient(account: Account): Client {
  const deadline = account.deadline ?? 10_000;
  const endpoint = account.endpoint.replace(/\/+$/, "");
  const clock: Asking["clock"] = { ahead: undefined };
  const signal = AbortSignal.timeout(deadline);
  const asking = { ...account, endpoint, deadline, signal, ends: Date.now() + deadline, clock };
  return {
    get: (path) => get(path, asking),
    list: (path, member) => list(path, member, asking),
    ahead: () => clock.ahead,
  };
}
