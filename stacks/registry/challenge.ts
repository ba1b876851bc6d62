import { RegistryError } from "./error.ts";

/** What a registry's 401 asks for, and where a token for it is to be had. */
export type Challenge =
  | { readonly kind: "basic" }
  | { readonly kind: "bearer"; readonly token: URL }
  | { readonly kind: "unknown" };

function parameters(text: string): ReadonlyMap<string, string> {
  const pairs = [...text.matchAll(/([a-z]+)=(?:"([^"]*)"|([^\s,]+))/gi)];
  return new Map(pairs.map(([, name = "", quoted, plain = ""]) => [name.toLowerCase(), quoted ?? plain]));
}

/** A token's address of a foreign host is usual (auth.docker.io); a name and password never go there in plain text. */
function isSafe({ protocol, host }: URL, registry: string): boolean {
  return protocol === "https:" || host === new URL(registry).host;
}

/**
 * Reads `Bearer realm="…",service="…",scope="…"` (distribution's docs/content/spec/auth/token.md). Without a scope it is the
 * one that listing needs. @throws Error for a realm to which no credential may be sent
 */
export function challengeOf(header: string | null, registry: string, name: string): Challenge {
  const [, scheme = "", rest = ""] = /^\s*([a-z]+)\s*(.*)$/is.exec(header ?? "") ?? [];
  if (scheme.toLowerCase() === "basic") return { kind: "basic" };
  const given = parameters(rest);
  const realm = given.get("realm");
  if (scheme.toLowerCase() !== "bearer" || realm === undefined || !URL.canParse(realm)) return { kind: "unknown" };
  const token = new URL(realm);
  if (!isSafe(token, registry)) {
    throw new RegistryError(`${registry} sends for a token to ${token.origin}, which has no TLS`);
  }
  const service = given.get("service");
  if (service !== undefined) token.searchParams.set("service", service);
  token.searchParams.set("scope", given.get("scope") ?? `repository:${name}:pull`);
  return { kind: "bearer", token };
}
