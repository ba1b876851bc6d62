import type { Failure } from "./error.ts";

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
  /** How many more servers of a type can be had at a location. Unlimited unless set. */
  readonly capacity: (location: string, type: string, free: number) => void;
  /** How many of a kind (`servers`, `networks`, `primary_ips`, …) the project may have. Unlimited unless set. */
  readonly quota: (kind: string, limit: number) => void;
}

/** The emulator's own view of the faults: what applies now, used up as it is taken. */
export interface FaultBook extends Faults {
  readonly takeRequest: (operation: string) => Failure | undefined;
  readonly takeAction: (command: string) => Action["error"];
  readonly takeCapacity: (location: string, type: string) => boolean;
  readonly limit: (kind: string) => number;
}

type Action = { readonly error: { readonly code: string; readonly message: string } | null };

function queue<T>() {
  const waiting = new Map<string, T[]>();
  const add = (key: string, value: T, times = 1) =>
    void waiting.set(key, [...(waiting.get(key) ?? []), ...Array<T>(times).fill(value)]);
  return { add, take: (key: string) => waiting.get(key)?.shift() };
}

export function faultBook(): FaultBook {
  const requests = queue<Failure>();
  const actions = queue<{ readonly code: string; readonly message: string }>();
  const free = new Map<string, number>();
  const limits = new Map<string, number>();
  return {
    failNext: requests.add,
    failAction: actions.add,
    capacity: (location, type, count) => void free.set(`${location}/${type}`, count),
    quota: (kind, limit) => void limits.set(kind, limit),
    takeRequest: requests.take,
    takeAction: (command) => actions.take(command) ?? null,
    takeCapacity: (location, type) => {
      const left = free.get(`${location}/${type}`) ?? Number.POSITIVE_INFINITY;
      if (left > 0) free.set(`${location}/${type}`, left - 1);
      return left > 0;
    },
    limit: (kind) => limits.get(kind) ?? Number.POSITIVE_INFINITY,
  };
}
