import { addressAt, cidr } from "../../config/cidr.ts";
import type { Cluster } from "../../config/cluster.ts";
import { reservedAddresses } from "../../config/crosscheck/cluster.ts";

export interface Labels {
  readonly [key: string]: string;
}

/** What every part of one plan has in common. */
export interface Scope {
  readonly cluster: string;
  readonly stage: string;
  readonly protect: boolean;
}

export const labels = ({ cluster, stage }: Scope, role: string): Labels => ({
  cluster,
  stage,
  role,
  "managed-by": "k3s-stages",
});

/** Of the addresses that no node ever gets, counted from the last, so that each stays free however many servers there are. */
const reserved = { api: 1, gateway: 2, ingress: 3 } as const;

export const reservedAddress = ({ servers }: Cluster, what: keyof typeof reserved): string =>
  addressAt(cidr(servers.subnet), reservedAddresses - reserved[what]);
