import { openRemote, type Remote, type RemoteArgs } from "../stacks/publish/git.ts";
import { type History, openHistory } from "../stacks/publish/git-history.ts";
import type { Snapshot } from "../stacks/publish/snapshot.ts";

/** A remote whose head is fetched once per run of the engine: preview, check and update look at the same one. */
export interface OpenRemote {
  readonly remote: Remote;
  /** The head's commit. */
  readonly tip: () => Promise<string | undefined>;
  readonly snapshot: () => Promise<Snapshot>;
  /** The snapshot that was already looked at in this run. */
  readonly seen: () => Promise<Snapshot | undefined>;
  readonly forget: () => void;
  /** Stages of which the state holds what lies at the tip. */
  readonly settled: Set<string>;
  /** Which commit builds on which. */
  readonly history: () => Promise<History>;
  readonly close: () => Promise<void>;
}

function open(args: RemoteArgs): OpenRemote {
  const remote = openRemote(args);
  let asked: Promise<string | undefined> | undefined;
  const tip = () => {
    asked ??= remote.tip();
    return asked;
  };
  const settled = new Set<string>();
  let fetched: Promise<Snapshot> | undefined;
  const snapshot = () => {
    // Where the tip could not be asked for, the fetch may succeed, or say why not.
    fetched ??= (asked ?? Promise.resolve(undefined)).catch(() => undefined).then(remote.fetch);
    return fetched;
  };
  const forget = () => {
    fetched = undefined;
  };
  let opened: Promise<History> | undefined;
  const history = () => {
    opened ??= openHistory(args);
    return opened;
  };
  const close = async () => {
    remote.close();
    (await opened)?.close();
  };
  return { remote, tip, snapshot, seen: async () => fetched, forget, settled, history, close };
}

export interface Remotes {
  /** Begins a run: nothing that an earlier one saw is believed. */
  readonly restart: (token: string | undefined) => Promise<void>;
  readonly at: (args: RemoteArgs) => OpenRemote;
}

export function remotes(): Remotes {
  const opened = new Map<string, OpenRemote>();
  let token: string | undefined;
  return {
    async restart(next) {
      token = next;
      const old = [...opened.values()];
      opened.clear();
      for (const one of old) await one.close();
    },
    at(args) {
      const id = `${args.url}#${args.branch}`;
      const found = opened.get(id) ?? open({ ...args, token });
      opened.set(id, found);
      return found;
    },
  };
}
