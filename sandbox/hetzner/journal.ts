/** One request as it came, for assertions: no write on a second `up`, the order of deletes, no secret but in user data. */
export interface Entry {
  readonly method: string;
  /** Path and query below `/v1`. */
  readonly path: string;
  /** `POST /servers/:id/actions/poweron`. */
  readonly operation: string;
  /** As the client calls itself. */
  readonly agent: string | undefined;
  /** 0 where the connection was closed instead. */
  readonly status: number;
  readonly code: string | undefined;
  /** The emulator has no such operation: a test that sees one has met a gap, not Hetzner. */
  readonly unknown: boolean;
  readonly body: unknown;
}

export interface Journal {
  /** In the order of their answers; in memory only. */
  readonly entries: () => readonly Entry[];
  /** Operations that changed something: everything but GET, and only successes. */
  readonly writes: () => readonly string[];
  readonly unknown: () => readonly string[];
  readonly clear: () => void;
}

export function startJournal(): Journal & { readonly add: (entry: Entry) => void } {
  const kept: Entry[] = [];
  const isWrite = ({ method, status }: Entry) => method !== "GET" && status >= 200 && status < 400;
  return {
    add: (entry) => void kept.push(entry),
    entries: () => [...kept],
    writes: () => kept.filter(isWrite).map(({ operation }) => operation),
    unknown: () => kept.filter((entry) => entry.unknown).map(({ operation }) => operation),
    clear: () => void kept.splice(0),
  };
}
