import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../../provider/resource.ts";

export interface Settings {
  readonly endpoint: string;
  readonly token: string;
  /** Milliseconds before the n-th look at a running action, n from 0. */
  readonly poll: (attempt: number) => number;
  /** Milliseconds before a second try; every further one doubles it. */
  readonly pause: number;
  /** Milliseconds after which a running action is given up. */
  readonly deadline: number;
}

interface Envelope {
  readonly code: string;
  readonly message: string;
  readonly details?: { readonly fields?: readonly { readonly name: string; readonly messages?: readonly string[] }[] };
}

/** A refusal by the API, in hcloud-go's words: `<message> (<code>, <correlation id>)`. */
export class ApiFailure extends UserError {
  readonly code: string;

  constructor({ code, message, details }: Envelope, correlation: string | null) {
    const known = correlation ? `${code}, ${correlation}` : code;
    const fields = details?.fields?.map(({ name, messages = [] }) => `${name} => [${messages.join(" ")}]`) ?? [];
    // internal/util/hcloudutil/error.go: only invalid_input is told with its fields.
    super(`${message} (${known})${code === "invalid_input" ? `: [${fields.join(" ")}]` : ""}`);
    this.code = code;
  }
}

export const hasCode = (error: unknown, ...codes: readonly string[]): error is ApiFailure =>
  error instanceof ApiFailure && codes.includes(error.code);

export interface Action {
  readonly id: number;
  readonly status: "running" | "success" | "error";
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface Client {
  readonly request: <T>(method: string, path: string, body?: object) => Promise<T>;
  /** `undefined` for what is not there. */
  readonly find: <T>(path: string) => Promise<T | undefined>;
  /** Until every one has succeeded; the first failure is thrown. */
  readonly wait: (...actions: readonly (Action | null | undefined)[]) => Promise<void>;
  /** Posts to `<path>/actions/<command>` and waits, again and again (1, 2, 4 … s) while it is refused with one of `codes`. */
  readonly act: (target: string, command: string, how?: Act) => Promise<void>;
}

export interface Act {
  readonly body?: object;
  readonly retryOn?: readonly string[];
}

const tries = 5;

/** What hcloud-go itself sends again, five times, POST included (hcloud/client_handler_retry.go). */
const transient = ["conflict", "rate_limit_exceeded", "bad_gateway", "timeout"];

async function retry<T>(pause: number, codes: readonly string[], work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === tries || !hasCode(error, ...codes)) throw error;
      await sleep(pause * 2 ** (attempt - 1));
    }
  }
}

async function send(
  settings: Settings,
  { method, path, body }: { method: string; path: string; body?: object | undefined },
) {
  const headers = { authorization: `Bearer ${settings.token}`, "content-type": "application/json" };
  const sent = body ? { body: JSON.stringify(body) } : {};
  const response = await fetch(`${settings.endpoint}${path}`, { method, headers, ...sent }).catch((error: Error) => {
    const reason = error.cause instanceof Error ? error.cause.message : error.message;
    throw new UserError(`${method} "${settings.endpoint}${path}": ${reason}`);
  });
  const text = await response.text();
  if (response.ok) return JSON.parse(text || "{}");
  const correlation = response.headers.get("x-correlation-id");
  if (text.startsWith("{")) throw new ApiFailure(JSON.parse(text).error, correlation);
  throw new UserError(`hcloud: server responded with status code ${response.status}`);
}

const failure = ({ id, error }: Action) => new UserError(`${error?.message} (${error?.code}, ${id})`);

async function settle(client: Pick<Client, "request">, settings: Settings, started: readonly Action[]): Promise<void> {
  let pending = started;
  const ends = Date.now() + settings.deadline;
  for (let attempt = 0; ; attempt += 1) {
    const failed = pending.find(({ status }) => status === "error");
    if (failed) throw failure(failed);
    pending = pending.filter(({ status }) => status === "running");
    if (pending.length === 0) return;
    if (Date.now() > ends) throw new UserError("context deadline exceeded");
    await sleep(settings.poll(attempt));
    const ids = pending.map(({ id }) => `id=${id}`).join("&");
    const { actions } = await client.request<{ actions: readonly Action[] }>(
      "GET",
      `/actions?${ids}&sort=status&sort=id`,
    );
    const lost = pending.filter(({ id }) => !actions.some((action) => action.id === id));
    if (lost.length > 0) throw new UserError(`actions not found: ${lost.map(({ id }) => id).join(", ")}`);
    pending = actions;
  }
}

export function apiClient(settings: () => Settings): Client {
  const request: Client["request"] = (method, path, body) =>
    retry(settings().pause, transient, () => send(settings(), { method, path, body }));
  const wait: Client["wait"] = (...actions) =>
    settle(
      { request },
      settings(),
      actions.filter((action) => action !== null && action !== undefined),
    );
  return {
    request,
    wait,
    find: async <T>(path: string) => {
      try {
        return await request<T>("GET", path);
      } catch (error) {
        if (hasCode(error, "not_found")) return undefined;
        throw error;
      }
    },
    act: async (target, command, { body = {}, retryOn = [] } = {}) => {
      const started = await retry(settings().pause, retryOn, () =>
        request<{ action?: Action; actions?: readonly Action[] }>("POST", `${target}/actions/${command}`, body),
      );
      await wait(started.action, ...(started.actions ?? []));
    },
  };
}
