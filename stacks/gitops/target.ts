import type { Repository, Stage } from "../config/fleet.ts";
import type { ApiVersions, UpgradeVersions } from "./versions.ts";

/** What a cluster's files are rendered for. */
export interface Target {
  readonly repository: Repository;
  readonly stage: Stage;
  readonly api: ApiVersions;
  readonly upgrades: UpgradeVersions;
}
