import type { Protocol } from "../config/fleet.ts";
import { type Layer, ofKind } from "./layers.ts";
import { at } from "./read.ts";

export type Hosts = { readonly [protocol in Protocol]: readonly string[] };

/** A protocol: by what the Ingress says, then by what it is called. */
export function protocolOf(ingress: Layer, base: readonly Layer[]): Protocol {
  const name = ingress.text("metadata", "name");
  const same = base.find((each) => each !== ingress && each.text("metadata", "name") === name);
  const isSecure = (each: Layer) => each.list("spec", "tls").length > 0 || /https/.test(`${name} ${each.path}`);
  return isSecure(ingress) || (same && isSecure(same)) ? "https" : "http";
}

/** A host in `.invalid` (RFC 2606) is nobody's: a placeholder in a base. */
export function hostsIn(ingress: Layer): readonly string[] {
  return ingress.list("spec", "rules").flatMap((rule) => {
    const host = at(rule, ["host"]);
    return typeof host === "string" && host !== "" && !host.endsWith(".invalid") ? [host] : [];
  });
}

/** The last patch of a protocol's Ingress wins, as `rules` is replaced as a whole. */
export function hosts(all: readonly Layer[], base: readonly Layer[]): Hosts {
  const ingresses = ofKind(all, "Ingress").filter((each) => hostsIn(each).length > 0);
  const of = (protocol: Protocol) =>
    ingresses
      .filter((each) => protocolOf(each, base) === protocol)
      .map(hostsIn)
      .at(-1) ?? [];
  return { http: of("http"), https: of("https") };
}
