import type { Stage } from "../config/fleet.ts";
import type { Pins } from "../config/releases/pins.ts";
import type { Files } from "../tree/manifests.ts";

/** What was asked for, or why it is not known. */
export type Answer<T> = T | { readonly problem: string };

export interface Month {
  readonly net: number;
  readonly gross: number;
  readonly currency: string;
}

/** When the certificate in its kubeconfig ends, ISO 8601. */
export type Expiry = Answer<{ readonly at: string }>;

/** A stage's cluster as far as the configuration and the repository tell. */
export interface ClusterLine {
  readonly stage: string;
  readonly path: string;
  readonly location: string;
  readonly nodes: readonly { readonly role: string; readonly count: number; readonly type: string }[];
  /** That new nodes install. */
  readonly k3s: string;
  /** That is installed, where flux bootstrap has written it; else the one that will be. */
  readonly flux: string;
  /** By Hetzner's list, for what is configured. */
  readonly month: Answer<Month>;
  readonly expires: Expiry;
}

interface Told {
  readonly pins: Pins;
  readonly files: Files;
  readonly months: ReadonlyMap<string, Answer<Month>>;
  readonly expiries: ReadonlyMap<string, Expiry>;
}

export function clusterLine({ name, path, cluster }: Stage, { pins, files, months, expiries }: Told): ClusterLine {
  const components = files.get(`${path}/flux-system/gotk-components.yaml`) ?? "";
  const [, installed] = /^# Flux Version: v?(\S+)$/m.exec(components) ?? [];
  const nodes = [{ name: "servers", ...cluster.servers }, ...cluster.pools];
  return {
    stage: name,
    path,
    location: cluster.location,
    nodes: nodes.map(({ name: role, count, type }) => ({ role, count, type })),
    k3s: pins.k3s.version,
    flux: installed ?? pins.flux.version,
    month: months.get(name) ?? { problem: "nobody was asked" },
    expires: expiries.get(name) ?? { problem: "nobody was asked" },
  };
}
