import type { Failure } from "./error.ts";

/** Whether a request has done what it asks for when it is cut off. */
export type Moment = "before" | "after";

export interface Cut {
  readonly moment: Moment;
  /** Waited for while the request hangs; afterwards its connection is closed. */
  readonly hold: (operation: string) => Promise<void>;
}

/** What can be made to go wrong. Faults live in memory only: a restart forgets them. */
export interface Faults {
  /** The next `times` (1) requests of an operation, e.g. `POST /servers` or `GET /servers/:id`, answer with this. */
  readonly failNext: (operation: string, failure: Failure, times?: number) => void;
  /** The next `times` (1) actions of a command, e.g. `create_server`, end in this error and change nothing. */
  readonly failAction: (
    command: string,
    error: { readonly code: string; readonly message: string },
    times?: number,
  ) => void;
  /** Nothing of what `failNext`, `failAfter`, `failAction`, `hangAction` and `cutAt` still have to do is done. */
  readonly clear: () => void;
  /** The next `times` (1) actions of a command run for ever; what they are for is not done. */
  readonly hangAction: (command: string, times?: number) => void;
  /** The n-th request from now that is no GET, counted from 1, gets no answer. */
  readonly cutAt: (write: number, cut: Cut) => void;
  /** The next `times` (1) requests of an operation do what they ask and answer with this all the same. */
  readonly failAfter: (operation: string, failure: Failure, times?: number) => void;
  /** After so many more requests the token is unknown, until this is set to infinity again. */
  readonly revoke: (after: number) => void;
  /** How many more servers of a type can be had at a location; with 0 the catalogue says so. Unlimited unless set. */
  readonly capacity: (location: string, type: string, free: number) => void;
  /** A type is withdrawn at a location from this moment on (ISO 8601). */
  readonly withdraw: (location: string, type: string, unavailableAfter: string) => void;
  /** Every answer of an operation from now on is changed by this before it is sent. */
  readonly rewrite: (operation: string, change: (body: object) => object) => void;
  /** No list has more items on a page than this, whatever is asked. */
  readonly perPage: (most: number) => void;
  /** What every load balancer says of a server behind it: `unhealthy`, `unknown`; `undefined` is the truth again. */
  readonly health: (server: string, status: string | undefined) => void;
  /** How many of a kind (`servers`, `networks`, `primary_ips`, …) the project may have. Unlimited unless set. */
  readonly quota: (kind: string, limit: number) => void;
}

/** The emulator's own view of the faults: what applies now, used up as it is taken. */
export interface FaultBook extends Faults {
  readonly takeRequest: (operation: string) => Failure | undefined;
  readonly takeAnswer: (operation: string) => Failure | undefined;
  readonly isRevoked: () => boolean;
  readonly healthOf: (server: string) => string | undefined;
  readonly hasCapacity: (location: string, type: string) => boolean;
  readonly withdrawn: (location: string, type: string) => string | undefined;
  readonly rewritten: (operation: string, body: object) => object;
  readonly mostPerPage: () => number;
  readonly takeAction: (command: string) => Action["error"];
  readonly takeHang: (command: string) => boolean;
  /** Counts a request that is no GET. */
  readonly takeCut: () => Cut | undefined;
  readonly takeCapacity: (location: string, type: string) => boolean;
  readonly limit: (kind: string) => number;
}

type Action = { readonly error: { readonly code: string; readonly message: string } | null };

function queue<T>() {
  const waiting = new Map<string, T[]>();
  const add = (key: string, value: T, times = 1) =>
    void waiting.set(key, [...(waiting.get(key) ?? []), ...Array<T>(times).fill(value)]);
  return { add, take: (key: string) => waiting.get(key)?.shift(), clear: () => waiting.clear() };
}

function answers(): Pick<FaultBook, "rewrite" | "rewritten" | "perPage" | "mostPerPage" | "revoke" | "isRevoked"> {
  const changes = new Map<string, (body: object) => object>();
  let most = 50;
  let left = Number.POSITIVE_INFINITY;
  return {
    rewrite: (operation, change) => void changes.set(operation, change),
    rewritten: (operation, body) => changes.get(operation)?.(body) ?? body,
    perPage: (wanted) => {
      most = wanted;
    },
    mostPerPage: () => most,
    revoke: (after) => {
      left = after;
    },
    isRevoked: () => {
      left -= 1;
      return left < 0;
    },
  };
}

function cuts() {
  let waiting: { readonly cut: Cut; left: number } | undefined;
  return {
    cutAt: (write: number, cut: Cut) => {
      waiting = { cut, left: write };
    },
    noCut: () => {
      waiting = undefined;
    },
    takeCut: (): Cut | undefined => {
      if (waiting) waiting.left -= 1;
      if (waiting?.left !== 0) return undefined;
      const { cut } = waiting;
      waiting = undefined;
      return cut;
    },
  };
}

function stock(): Pick<FaultBook, "capacity" | "takeCapacity" | "hasCapacity" | "withdraw" | "withdrawn"> {
  const free = new Map<string, number>();
  const ends = new Map<string, string>();
  const left = (location: string, type: string) => free.get(`${location}/${type}`) ?? Number.POSITIVE_INFINITY;
  return {
    capacity: (location, type, count) => void free.set(`${location}/${type}`, count),
    hasCapacity: (location, type) => left(location, type) > 0,
    takeCapacity: (location, type) => {
      const has = left(location, type) > 0;
      if (has) free.set(`${location}/${type}`, left(location, type) - 1);
      return has;
    },
    withdraw: (location, type, unavailableAfter) => void ends.set(`${location}/${type}`, unavailableAfter),
    withdrawn: (location, type) => ends.get(`${location}/${type}`),
  };
}

export function faultBook(): FaultBook {
  const sick = new Map<string, string | undefined>();
  const requests = queue<Failure>();
  const lost = queue<Failure>();
  const actions = queue<{ readonly code: string; readonly message: string }>();
  const hanging = queue<true>();
  const limits = new Map<string, number>();
  const { noCut, ...cut } = cuts();
  return {
    ...stock(),
    ...answers(),
    ...cut,
    clear: () => {
      noCut();
      for (const each of [requests, lost, actions, hanging]) each.clear();
    },
    failNext: requests.add,
    failAfter: lost.add,
    failAction: actions.add,
    hangAction: (command, times) => hanging.add(command, true, times),
    health: (server, status) => void sick.set(server, status),
    healthOf: (server) => sick.get(server),
    quota: (kind, limit) => void limits.set(kind, limit),
    takeRequest: requests.take,
    takeAnswer: lost.take,
    takeAction: (command) => actions.take(command) ?? null,
    takeHang: (command) => hanging.take(command) ?? false,
    limit: (kind) => limits.get(kind) ?? Number.POSITIVE_INFINITY,
  };
}
