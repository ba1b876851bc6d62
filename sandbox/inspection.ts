/** Looks at what a run left behind for what must never be there. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseCloudConfig } from "./node/cloud-config.ts";
import { credential } from "./node/secrets.ts";
import type { Sandbox } from "./open.ts";
import type { Checks } from "./report.ts";
import { dummySecrets } from "./stage.ts";

/** Of Hetzner, GitHub and SOPS; the dummies have no characters that mean something in a pattern. */
const dummies = Object.values(dummySecrets).map((value) => new RegExp(value));

/** What a secret of this project looks like in clear; Pulumi's state may hold it encrypted only. */
export const secretsInClear = [...dummies, /PRIVATE KEY-----/, /K10[0-9a-f]{64}::/];

/** What opens another system than the cluster itself; a deploy key is in OpenSSH's form. */
const foreignSecrets = [...dummies, /BEGIN OPENSSH PRIVATE KEY/];

/** Every file below a folder. */
function filesOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

/** Paths of files in which something stands that one of the patterns matches. */
export function filesWith(folder: string, patterns: readonly RegExp[]): readonly string[] {
  return filesOf(folder).filter((path) => {
    const text = readFileSync(path, "utf8");
    return patterns.some((pattern) => pattern.test(text));
  });
}

/** Files of servers, as Hetzner holds them, in which such a secret stands; but for the one that `access: none` declares. */
function foreignInUserData({ services: { hetzner } }: Sandbox): readonly string[] {
  return hetzner.state.servers().flatMap(({ id, name }) => {
    const { files, commands } = parseCloudConfig(hetzner.state.userData(id) ?? "");
    const texts = [...files, { path: "runcmd", content: JSON.stringify(commands) }];
    const found = texts.filter(({ content }) => foreignSecrets.some((pattern) => pattern.test(content)));
    return found.filter(({ path }) => path !== credential).map(({ path }) => `${name} ${path}`);
  });
}

/** Whoever gets root on a server, or reads its user data at Hetzner, has that one cluster and nothing else. */
export function checkUserData(sandbox: Sandbox, checks: Checks): void {
  const found = foreignInUserData(sandbox);
  const looked = sandbox.services.hetzner.state.servers().length > 0;
  checks.add("no secret of another system is in user data", looked && found.length === 0, found.join(", "));
}

/** Pulumi's state has no secret in clear, and everything made at Hetzner says whose it is. */
export function checkState({ layout, services }: Sandbox, checks: Checks): void {
  const leaks = filesWith(layout.backend, secretsInClear);
  checks.add("Pulumi's state has no secret in clear", leaks.length === 0, leaks.join(", "));
  const { servers, networks, firewalls, loadBalancers, placementGroups, primaryIps } = services.hetzner.state;
  // Hetzner makes a server's IPv6 address with it, names it and takes it away with it.
  const addresses = primaryIps().filter(({ auto_delete }) => !auto_delete);
  const made = [...servers(), ...networks(), ...firewalls(), ...loadBalancers(), ...placementGroups(), ...addresses];
  const unlabelled = made.filter(({ labels }) => !labels["stage"]).map(({ name }) => name);
  checks.add("everything at Hetzner is labelled", made.length > 0 && unlabelled.length === 0, unlabelled.join(", "));
  const unknown = services.hetzner.journal.unknown();
  checks.add("the emulator knew every request", unknown.length === 0, unknown.join(", "));
}
