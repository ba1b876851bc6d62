import type { Labels } from "./labels.ts";

/**
 * What the emulator keeps, in the API's own member names. Only what cannot be derived: a server's status follows from its
 * actions and the clock, what a firewall or network is attached to from the other side.
 */
export interface Named {
  readonly id: number;
  readonly name: string;
  readonly labels: Labels;
  readonly created: string;
}

export interface Reference {
  readonly id: number;
  readonly type: string;
}

export interface Action {
  readonly id: number;
  readonly command: string;
  /** Milliseconds since 1970. Running until `finishes`, then a success unless there is an error. */
  readonly started: number;
  readonly finishes: number;
  /** The first one is locked while the action runs. */
  readonly resources: readonly Reference[];
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface SshKey extends Named {
  readonly fingerprint: string;
  readonly public_key: string;
}

export interface Volume extends Named {
  /** GB */
  readonly size: number;
  /** The server that it is attached to. */
  readonly server: number | null;
}

export interface PlacementGroup extends Named {
  readonly type: "spread";
}

export interface Subnet {
  readonly type: string;
  readonly ip_range: string;
  readonly network_zone: string;
  readonly gateway: string;
}

export interface Route {
  readonly destination: string;
  readonly gateway: string;
}

export interface Network extends Named {
  readonly ip_range: string;
  readonly subnets: readonly Subnet[];
  readonly routes: readonly Route[];
  readonly protection: { readonly delete: boolean };
  readonly expose_routes_to_vswitch: boolean;
}

export interface PrivateNet {
  readonly network: number;
  readonly ip: string;
  readonly alias_ips: readonly string[];
  readonly mac_address: string;
}

export interface Server extends Named {
  /** Name of the server type. */
  readonly server_type: string;
  readonly image: number;
  readonly location: string;
  readonly user_data: string;
  readonly powered: boolean;
  readonly private_net: readonly PrivateNet[];
  readonly placement_group: number | null;
  readonly protection: { readonly delete: boolean; readonly rebuild: boolean };
  readonly backup_window: string | null;
  readonly primary_disk_size: number;
}

export interface PrimaryIp extends Named {
  readonly ip: string;
  readonly type: "ipv4" | "ipv6";
  /** The server that has it. */
  readonly assignee_id: number | null;
  /** Whether it goes with its server. */
  readonly auto_delete: boolean;
  readonly location: string;
  readonly protection: { readonly delete: boolean };
}

export interface FirewallRule {
  readonly direction: "in" | "out";
  readonly protocol: string;
  readonly port: string | null;
  readonly source_ips: readonly string[];
  readonly destination_ips: readonly string[];
  readonly description: string | null;
}

export type FirewallResource =
  | { readonly type: "server"; readonly server: { readonly id: number } }
  | { readonly type: "label_selector"; readonly label_selector: { readonly selector: string } };

export interface Firewall extends Named {
  readonly rules: readonly FirewallRule[];
  readonly applied_to: readonly FirewallResource[];
}

export interface HealthCheck {
  readonly protocol: string;
  readonly port: number;
  readonly interval: number;
  readonly timeout: number;
  readonly retries: number;
  readonly http: object | null;
}

export interface Service {
  readonly protocol: string;
  readonly listen_port: number;
  readonly destination_port: number;
  readonly proxyprotocol: boolean;
  readonly http: object | null;
  readonly health_check: HealthCheck;
}

export type Target =
  | { readonly type: "server"; readonly server: { readonly id: number }; readonly use_private_ip: boolean }
  | {
      readonly type: "label_selector";
      readonly label_selector: { readonly selector: string };
      readonly use_private_ip: boolean;
    };

export interface LoadBalancer extends Named {
  /** Name of the load balancer type. */
  readonly load_balancer_type: string;
  readonly location: string;
  readonly ipv4: string;
  readonly ipv6: string;
  readonly public: boolean;
  readonly private_net: readonly { readonly network: number; readonly ip: string }[];
  readonly services: readonly Service[];
  readonly targets: readonly Target[];
  readonly algorithm: { readonly type: string };
  readonly protection: { readonly delete: boolean };
}

export interface Tables {
  readonly actions: Map<number, Action>;
  readonly ssh_keys: Map<number, SshKey>;
  readonly placement_groups: Map<number, PlacementGroup>;
  readonly volumes: Map<number, Volume>;
  readonly networks: Map<number, Network>;
  readonly servers: Map<number, Server>;
  readonly primary_ips: Map<number, PrimaryIp>;
  readonly firewalls: Map<number, Firewall>;
  readonly load_balancers: Map<number, LoadBalancer>;
}

export type TableName = keyof Tables;

export function emptyTables(): Tables {
  return {
    actions: new Map(),
    ssh_keys: new Map(),
    placement_groups: new Map(),
    volumes: new Map(),
    networks: new Map(),
    servers: new Map(),
    primary_ips: new Map(),
    firewalls: new Map(),
    load_balancers: new Map(),
  };
}
