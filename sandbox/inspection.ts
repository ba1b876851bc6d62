/** Looks at what a run left behind for what must never be there. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Sandbox } from "./open.ts";
import type { Checks } from "./report.ts";
import { dummyToken } from "./services.ts";

/** What a secret of this project looks like in clear; Pulumi's state may hold it encrypted only. */
export const secretsInClear = [new RegExp(dummyToken), /PRIVATE KEY-----/, /K10[0-9a-f]{64}::/, /AGE-SECRET-KEY-1/];

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
