import { createHash } from "node:crypto";
import {
  computed,
  type Fields,
  flag,
  type Kind,
  labels,
  number,
  off,
  output,
  replaces,
  required,
  text,
} from "./kind.ts";
import { createServer } from "./server-create.ts";
import { findServer, serverState } from "./server-state.ts";
import { updateServer } from "./server-update.ts";

const networkFields: Fields = {
  networkId: number(computed),
  subnetId: text(computed),
  ip: text(computed),
  aliasIps: { type: "set", items: "string", mustBeGiven: true },
  macAddress: text(computed),
};

const on = { initially: true } as const;
const publicNetFields: Fields = {
  ipv4Enabled: flag(on),
  ipv6Enabled: flag(on),
  ipv4: number(computed),
  ipv6: number(computed),
};

/** SHA-1 in base64, so that the state does not hold the text (userDataHashSum in internal/server/resource.go). */
const userDataHash = (userData: string): string => createHash("sha1").update(userData).digest("base64");

/** internal/server/resource.go, without `iso` and `rescue`; a change of `publicNets` is refused here. */
export const server: Kind = {
  fields: {
    name: text(),
    serverType: text(required),
    image: text({ ...computed, ...replaces }),
    location: text({ ...computed, ...replaces }),
    userData: text({ ...replaces, stored: userDataHash }),
    sshKeys: { type: "list", items: "string", ...replaces },
    keepDisk: flag(off),
    backups: flag(off),
    labels: labels(),
    publicNets: { type: "set", fields: publicNetFields, ...computed },
    networks: { type: "set", fields: networkFields, ...computed },
    firewallIds: { type: "set", items: "number", ...computed },
    ignoreRemoteFirewallIds: flag(off),
    placementGroupId: number(),
    deleteProtection: flag(off),
    rebuildProtection: flag(off),
    shutdownBeforeDeletion: flag(off),
    ipv4Address: text(output),
    ipv6Address: text(output),
    ipv6Network: text(output),
    status: text(output),
    backupWindow: text(output),
    primaryDiskSize: number(output),
  },
  create: createServer,
  read: async (client, id, known) => {
    const found = await findServer(client, id);
    return found && serverState(found, known);
  },
  update: updateServer,
  remove: async (client, id, { shutdownBeforeDeletion }) => {
    if (shutdownBeforeDeletion === true) await client.act(`/servers/${id}`, "shutdown");
    const { action } = await client.request<{ action: null }>("DELETE", `/servers/${id}`);
    await client.wait(action);
  },
};
