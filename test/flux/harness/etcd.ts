/** The real etcd on loopback, of one member or more. */
import { join } from "node:path";
import { freePorts } from "../../../sandbox/ports.ts";
import { type Daemon, startDaemon } from "./daemon.ts";

/** What a member of etcd is found at. */
export interface Place {
  readonly name: string;
  readonly client: string;
  readonly peer: string;
}

export interface Member {
  stop(): Promise<void>;
  start(): void;
}

export async function places(count: number): Promise<readonly Place[]> {
  const ports = await freePorts(2 * count);
  const at = (port: number | undefined) => `http://127.0.0.1:${port}`;
  return Array.from({ length: count }, (_, index) => ({
    ...{ name: `etcd-${index + 1}`, client: at(ports[2 * index]), peer: at(ports[2 * index + 1]) },
  }));
}

function etcdArgs({ name, client, peer }: Place, all: readonly Place[], folder: string): readonly string[] {
  return [
    `--name=${name}`,
    `--data-dir=${join(folder, name)}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=${all.map((each) => `${each.name}=${each.peer}`).join(",")}`,
    // What is lost with the machine is lost with the test.
    "--unsafe-no-fsync",
    "--log-level=warn",
  ];
}

interface Etcd {
  readonly file: string;
  readonly folder: string;
  readonly daemons: Set<Daemon>;
}

/** Starts one; `daemons` has it while it runs. */
export function startMember(place: Place, all: readonly Place[], { file, folder, daemons }: Etcd): Member {
  const begin = () => startDaemon({ name: place.name, file, args: etcdArgs(place, all, folder), folder });
  let current = begin();
  daemons.add(current);
  return {
    stop: async () => {
      daemons.delete(current);
      await current.stop();
    },
    start: () => {
      current = begin();
      daemons.add(current);
    },
  };
}
