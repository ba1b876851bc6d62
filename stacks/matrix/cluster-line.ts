import type { Stage } from "../config/fleet.ts";
import type { Pins } from "../config/pins.ts";
import type { Files } from "../tree/manifests.ts";

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
}

export function clusterLine({ name, path, cluster }: Stage, pins: Pins, files: Files): ClusterLine {
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
  };
}
