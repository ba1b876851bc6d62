import { UserError } from "../../../provider/resource.ts";
import type { Properties } from "../../../provider/values.ts";
import { ApiFailure, type Client, hasCode } from "./client.ts";
import { computed, type Fields, given, type Kind, labels, number, objects, rename, required, text } from "./kind.ts";

interface Rule {
  readonly direction: string;
  readonly protocol: string;
  readonly port: string | null;
  readonly source_ips: readonly string[];
  readonly destination_ips: readonly string[];
  readonly description: string | null;
}

type Resource =
  | { readonly type: "server"; readonly server: { readonly id: number } }
  | { readonly type: "label_selector"; readonly label_selector: { readonly selector: string } };

interface Firewall {
  readonly id: number;
  readonly name: string;
  readonly labels: Properties;
  readonly rules: readonly Rule[];
  readonly applied_to: readonly Resource[];
}

const rule: Fields = {
  direction: text(required),
  protocol: text(required),
  port: text(),
  sourceIps: { type: "set", items: "string" },
  destinationIps: { type: "set", items: "string" },
  description: text(),
};

const ruleOf = ({ direction, protocol, port, sourceIps, destinationIps, description }: Properties) =>
  given({ direction, protocol, port, source_ips: sourceIps, destination_ips: destinationIps, description });

function resourceOf({ labelSelector, server }: Properties): Resource {
  if (typeof labelSelector === "string" && labelSelector !== "")
    return { type: "label_selector", label_selector: { selector: labelSelector } };
  return { type: "server", server: { id: Number(server) } };
}

function shown(found: Firewall): Properties {
  return {
    ...{ name: found.name, labels: found.labels },
    rules: found.rules.map(({ source_ips: sourceIps, destination_ips: destinationIps, port, description, ...rest }) =>
      given({ ...rest, sourceIps, destinationIps, port: port ?? undefined, description: description ?? undefined }),
    ),
    applyTos: found.applied_to.map((resource) =>
      resource.type === "server" ? { server: resource.server.id } : { labelSelector: resource.label_selector.selector },
    ),
  };
}

const find = async (client: Client, id: string): Promise<Firewall | undefined> =>
  (await client.find<{ firewall: Firewall }>(`/firewalls/${id}`))?.firewall;

const key = (resource: Resource): string => JSON.stringify(resource);

async function applyChanges(
  client: Client,
  id: string,
  [old, want]: readonly [readonly Resource[], readonly Resource[]],
) {
  const [known, wanted] = [new Set(old.map(key)), new Set(want.map(key))];
  const remove_from = old.filter((resource) => !wanted.has(key(resource)));
  const apply_to = want.filter((resource) => !known.has(key(resource)));
  if (remove_from.length > 0) await client.act(`/firewalls/${id}`, "remove_from_resources", { body: { remove_from } });
  if (apply_to.length > 0) await client.act(`/firewalls/${id}`, "apply_to_resources", { body: { apply_to } });
}

/** internal/firewall/resource.go. Without rules an update leaves the old ones, as there. */
export const firewall: Kind = {
  fields: {
    name: text(),
    labels: labels(computed),
    rules: { type: "set", fields: rule },
    applyTos: { type: "set", ...computed, fields: { labelSelector: text(computed), server: number(computed) } },
  },
  create: async (client, { name, labels = {}, rules, applyTos }) => {
    const apply_to = objects(applyTos).map(resourceOf);
    const body = { name, labels, rules: objects(rules).map(ruleOf), apply_to };
    const made = await client.request<{ firewall: Firewall; actions: [] }>("POST", "/firewalls", body);
    await client.wait(...made.actions);
    return String(made.firewall.id);
  },
  read: async (client, id) => {
    const found = await find(client, id);
    return found && shown(found);
  },
  update: async (client, change) => {
    const { id, inputs, old, changed } = change;
    const rules = objects(inputs["rules"]).map(ruleOf);
    await rename(client, `/firewalls/${id}`, change);
    if (changed("rules") && rules.length > 0) await client.act(`/firewalls/${id}`, "set_rules", { body: { rules } });
    const [from, to] = [objects(old["applyTos"]).map(resourceOf), objects(inputs["applyTos"]).map(resourceOf)];
    if (changed("applyTos")) await applyChanges(client, id, [from, to]);
  },
  remove: async (client, id) => {
    const found = await find(client, id);
    // The real provider crashes here (resource.go:422), and the whole plugin with it.
    if (!found) throw new UserError("panic: runtime error: invalid memory address or nil pointer dereference");
    if (found.applied_to.length > 0) {
      const remove_from = found.applied_to.map(({ ...resource }) => resource);
      await client
        .act(`/firewalls/${id}`, "remove_from_resources", { body: { remove_from } })
        .catch((error: unknown) => {
          if (!hasCode(error, "firewall_resource_not_found", "not_found")) throw error;
        });
    }
    // The real one takes everything for done that is no error of the API's own, a lost connection too (resource.go:434).
    await client.request("DELETE", `/firewalls/${id}`).catch((error: unknown) => {
      if (error instanceof ApiFailure) throw error;
    });
  },
};
