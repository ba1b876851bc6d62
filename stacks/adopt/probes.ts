/** The probes of a base, as far as the configuration can say them. */
import type { Probe } from "../config/fleet.ts";
import { container, type Layer } from "./layers.ts";
import { at, keysOf } from "./read.ts";

const kinds = ["readiness", "liveness", "startup"] as const;
const timings = ["periodSeconds", "timeoutSeconds", "failureThreshold"] as const;
const known: readonly string[] = [...timings, "httpGet", "tcpSocket"];

export type FoundProbes = { readonly [kind in (typeof kinds)[number]]?: Probe };

const probeAt = (deployment: Layer, kind: string): unknown => deployment.get(...container, `${kind}Probe`);

/** Every probe that is rendered asks the container's port. */
function asksElsewhere(deployment: Layer, kind: string): boolean {
  const [probe, first] = [probeAt(deployment, kind), deployment.get(...container, "ports", 0)];
  const own = [at(first, ["name"]), at(first, ["containerPort"])];
  const asked = at(probe, ["httpGet", "port"]) ?? at(probe, ["tcpSocket", "port"]);
  return asked !== undefined && !own.includes(asked);
}

/** What a rendered probe has not: `livenessProbe.exec`, `readinessProbe.httpGet.httpHeaders`. */
export const beyondProbes = (deployment: Layer): readonly string[] =>
  kinds.flatMap((kind) => {
    const probe = probeAt(deployment, kind);
    const odd = [
      ...keysOf(probe).filter((key) => !known.includes(key)),
      ...keysOf(at(probe, ["httpGet"]))
        .filter((key) => !["path", "port"].includes(key))
        .map((key) => `httpGet.${key}`),
      ...(asksElsewhere(deployment, kind) ? ["port"] : []),
    ];
    return odd.map((key) => `${kind}Probe.${key}`);
  });

function probe(value: unknown): Probe {
  const http = at(value, ["httpGet"]);
  const times = timings.flatMap((key) => {
    const seconds = at(value, [key]);
    return typeof seconds === "number" ? [[key, seconds] as const] : [];
  });
  return { ...(http === undefined ? {} : { path: String(at(http, ["path"]) ?? "/") }), ...Object.fromEntries(times) };
}

/** Those that differ from what is rendered anyway. */
export function probesOf(deployments: readonly Layer[]): FoundProbes {
  const found = kinds.flatMap((kind) => {
    const value = deployments.map((each) => probeAt(each, kind)).find((each) => each !== undefined);
    return value === undefined ? [] : [[kind, probe(value)] as const];
  });
  return Object.fromEntries(found.filter(([kind, each]) => kind !== "readiness" || Object.keys(each).length > 0));
}
