import { createHash } from "node:crypto";
import { z } from "zod";
import { type Collection, collectionRoutes, find, json } from "./collection.ts";
import { apiError, invalidInput, parseBody } from "./error.ts";
import { labelsSchema } from "./labels.ts";
import type { SshKey } from "./model.ts";
import { checkName, checkQuota, timestamp } from "./project.ts";
import type { Routes } from "./router.ts";

export const sshKeys: Collection<SshKey> = {
  kind: "ssh_keys",
  one: "ssh_key",
  table: (tables) => tables.ssh_keys,
  view: (_, key) => key,
};

const creation = z.object({ name: z.string().min(1), public_key: z.string().min(1), labels: labelsSchema.default({}) });

/** MD5 of the key's bytes in pairs, as the API prints it. */
function fingerprint(publicKey: string): string {
  const [, type, blob] = /^((?:ssh|ecdsa)-\S+) ([A-Za-z0-9+/]+=*)(?: |$)/.exec(publicKey.trim()) ?? [];
  if (!type || !blob) throw invalidInput("public_key", "invalid SSH key");
  const digest = createHash("md5").update(Buffer.from(blob, "base64")).digest("hex");
  return digest.replace(/(..)(?!$)/g, "$1:");
}

export const sshKeyRoutes: Routes = {
  ...collectionRoutes(sshKeys),
  "POST /ssh_keys": ({ project, body }) => {
    const { name, labels, public_key } = parseBody(creation, body);
    checkName(project, "ssh_keys", { name });
    const found = fingerprint(public_key);
    if ([...project.tables.ssh_keys.values()].some((key) => key.fingerprint === found))
      throw apiError("uniqueness_error", "SSH key not unique", { fields: [{ name: "public_key" }] });
    checkQuota(project, "ssh_keys");
    const created = timestamp(project.clock());
    const key: SshKey = { id: project.nextId(), name, labels, created, fingerprint: found, public_key };
    project.tables.ssh_keys.set(key.id, key);
    return json(201, { ssh_key: key });
  },
  "DELETE /ssh_keys/:id": ({ project, id }) => {
    project.tables.ssh_keys.delete(find(sshKeys, project, id).id);
    return { kind: "empty" };
  },
};
