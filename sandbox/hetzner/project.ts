import { apiError } from "./error.ts";
import type { FaultBook } from "./faults.ts";
import type { Tables } from "./model.ts";

/** One Hetzner project: everything a request handler may look at and change. */
export interface Project {
  readonly tables: Tables;
  readonly faults: FaultBook;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly actionMilliseconds: number;
  /** Public IPv4 addresses are of this range alone: `127.83.17`. */
  readonly publicRange?: string | undefined;
  readonly nextId: () => number;
}

export const timestamp = (milliseconds: number): string => new Date(milliseconds).toISOString().replace("Z", "+00:00");

/** Also the message of a limit that was reached; "Primary IP limit exceeded" is what users report. */
const titles: { readonly [kind: string]: string } = {
  ssh_keys: "ssh key",
  placement_groups: "placement group",
  networks: "network",
  servers: "server",
  primary_ips: "Primary IP",
  firewalls: "firewall",
  load_balancers: "load balancer",
  volumes: "volume",
};

export function checkQuota(project: Project, kind: keyof Tables, more = 1): void {
  if (project.tables[kind].size + more <= project.faults.limit(kind)) return;
  const details = { limits: [{ name: `${kind.slice(0, -1)}_limit` }] };
  throw apiError("resource_limit_exceeded", `${titles[kind] ?? kind} limit exceeded`, details);
}

/** Names are unique per kind and project; an own name may be kept. */
export function checkName(
  project: Project,
  kind: Exclude<keyof Tables, "actions">,
  { name, id }: { readonly name: string; readonly id?: number },
): void {
  const taken = [...project.tables[kind].values()].some((item) => item.name === name && item.id !== id);
  if (!taken) return;
  const message = `${titles[kind] ?? kind} name is already used`;
  throw apiError("uniqueness_error", message, { fields: [{ name: "name" }] });
}
