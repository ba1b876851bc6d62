import type { Properties } from "../../../provider/values.ts";
import { given, type Kind, labels, output, rename, replaces, required, text } from "./kind.ts";
import { removeIfThere } from "./networks.ts";

interface SshKey {
  readonly id: number;
  readonly name: string;
  readonly public_key: string;
  readonly fingerprint: string;
  readonly labels: Properties;
}

/** internal/sshkey/resource.go */
export const sshKey: Kind = {
  fields: {
    name: text(),
    publicKey: text({ ...required, ...replaces }),
    labels: labels(),
    fingerprint: text(output),
  },
  create: async (client, { name, publicKey, labels = {} }) => {
    const body = { name, public_key: publicKey, labels };
    return String((await client.request<{ ssh_key: SshKey }>("POST", "/ssh_keys", body)).ssh_key.id);
  },
  read: async (client, id) => {
    const found = (await client.find<{ ssh_key: SshKey }>(`/ssh_keys/${id}`))?.ssh_key;
    return (
      found && {
        ...{ name: found.name, publicKey: found.public_key },
        ...{ fingerprint: found.fingerprint, labels: found.labels },
      }
    );
  },
  update: (client, change) => rename(client, `/ssh_keys/${change.id}`, change),
  remove: (client, id) => removeIfThere(client, `/ssh_keys/${id}`),
};

interface PlacementGroup {
  readonly id: number;
  readonly name: string;
  readonly type: string;
  readonly labels: Properties;
  readonly servers: readonly number[];
}

/** internal/placementgroup/resource.go; its type is not ForceNew, and deleting one that is gone is an error. */
export const placementGroup: Kind = {
  fields: {
    name: text(),
    type: text(required),
    labels: labels(),
    servers: { type: "set", items: "number", ...output },
  },
  create: async (client, { name, type, labels = {} }) => {
    const path = "/placement_groups";
    const made = await client.request<{ placement_group: PlacementGroup }>("POST", path, { name, type, labels });
    return String(made.placement_group.id);
  },
  read: async (client, id) => {
    const found = (await client.find<{ placement_group: PlacementGroup }>(`/placement_groups/${id}`))?.placement_group;
    return found && given({ name: found.name, type: found.type, labels: found.labels, servers: found.servers });
  },
  update: (client, change) => rename(client, `/placement_groups/${change.id}`, change),
  remove: async (client, id) => {
    await client.request("DELETE", `/placement_groups/${id}`);
  },
};
