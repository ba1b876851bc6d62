import { ConfigError } from "../config/error.ts";
import type { Pins } from "../config/releases/pins.ts";

/** What an upgrade of k3s takes, as pins.json has it. */
export interface UpgradeVersions {
  /** Exact, with its v: `v1.36.3+k3s1`. */
  readonly k3s: string;
  readonly systemUpgradeController: { readonly version: string; readonly commit: string };
}

/** What rendered files are made for, as pins.json has it: an exact Flux release without the v. */
export interface Versions extends UpgradeVersions {
  readonly flux: string;
}

export const versionsOf = ({ flux, k3s, "system-upgrade-controller": controller }: Pins): Versions => ({
  flux: flux.version,
  k3s: k3s.version,
  systemUpgradeController: controller,
});

export interface ApiVersions {
  readonly alert: string;
  readonly helm: string;
  readonly image: string;
  readonly kustomize: string;
  readonly receiver: string;
  readonly source: string;
}

const stable: ApiVersions = {
  // Alert and Provider have no v1 yet, unlike the Receiver beside them.
  alert: "notification.toolkit.fluxcd.io/v1beta3",
  helm: "helm.toolkit.fluxcd.io/v2",
  image: "image.toolkit.fluxcd.io/v1",
  kustomize: "kustomize.toolkit.fluxcd.io/v1",
  receiver: "notification.toolkit.fluxcd.io/v1",
  source: "source.toolkit.fluxcd.io/v1",
};

/** By Flux minor, from each release's CRDs. 2.6 serves image v1beta2 only, 2.9 no longer: nothing is valid for both. */
const served: { readonly [minor: string]: ApiVersions } = { "2.7": stable, "2.8": stable, "2.9": stable };

/** @throws ConfigError that names the Flux minors files can be rendered for */
export function apiVersions({ flux }: Pick<Versions, "flux">): ApiVersions {
  const found = served[flux.split(".").slice(0, 2).join(".")];
  if (found) return found;
  throw new ConfigError(`Files cannot be rendered for Flux ${flux}; pin one of ${Object.keys(served).join(", ")}.`);
}
