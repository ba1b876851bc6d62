import { z } from "zod";
import { loadBalancerTypes, pick } from "./catalogue.ts";
import { apiError, invalidInput, parseBody } from "./error.ts";
import type { LoadBalancer, Service } from "./model.ts";

const port = z.number().int().min(1).max(65_535);
const http = z.object({
  cookie_name: z.string().default("HCLBSTICKY"),
  cookie_lifetime: z.number().default(300),
  certificates: z.array(z.number()).default([]),
  redirect_http: z.boolean().default(false),
  sticky_sessions: z.boolean().default(false),
  timeout_idle: z.number().min(30).max(300).default(60),
});
const probe = z.object({
  domain: z.string().nullable().default(null),
  path: z.string().default("/"),
  response: z.string().default(""),
  status_codes: z.array(z.string()).default(["2??", "3??"]),
  tls: z.boolean().default(false),
});
const healthCheck = z
  .object({
    // Not https: a probe over TLS is `http` with `tls: true`; the provider's own check lets https through.
    protocol: z.enum(["tcp", "http"], "Not a valid choice."),
    port,
    interval: z.number().int().min(3).max(60).default(15),
    timeout: z.number().int().min(1).max(60).default(10),
    retries: z.number().int().min(1).max(5).default(3),
    http: probe.nullable().default(null),
  })
  .refine(({ interval, timeout }) => timeout <= interval, { path: ["timeout"], message: "must not exceed interval" });

const wanted = z.object({
  protocol: z.enum(["tcp", "http", "https"]),
  listen_port: port.optional(),
  destination_port: port.optional(),
  proxyprotocol: z.boolean().default(false),
  http: http.nullish(),
  health_check: healthCheck.optional(),
});

const defaults = { http: 80, https: 443, tcp: undefined } as const;
const listen = z.object({ listen_port: port });

function service(body: unknown): Service {
  const given = parseBody(wanted, body);
  const { protocol, proxyprotocol } = given;
  const listen_port = given.listen_port ?? defaults[protocol];
  const destination_port = given.destination_port ?? (protocol === "https" ? 80 : listen_port);
  if (listen_port === undefined || destination_port === undefined)
    throw invalidInput("listen_port", "is required for tcp");
  const tcp = { protocol: "tcp", port: destination_port, interval: 15, timeout: 10, retries: 3, http: null };
  const web = protocol === "tcp" ? null : (given.http ?? http.parse({}));
  return { protocol, listen_port, destination_port, proxyprotocol, http: web, health_check: given.health_check ?? tcp };
}

export function withService(balancer: LoadBalancer, body: unknown): Partial<LoadBalancer> {
  const added = service(body);
  if (balancer.services.some(({ listen_port }) => listen_port === added.listen_port))
    throw apiError("source_port_already_used", `source port '${added.listen_port}' is already in use`);
  if (balancer.services.length >= (pick(loadBalancerTypes, balancer.load_balancer_type)?.max_services ?? 0))
    throw apiError("resource_limit_exceeded", "the load balancer type takes no more services");
  return { services: [...balancer.services, added] };
}

function listening({ services }: LoadBalancer, body: unknown): Service {
  const { listen_port } = parseBody(listen, body);
  const found = services.find((candidate) => candidate.listen_port === listen_port);
  if (!found) throw apiError("not_found", `service with listen port '${listen_port}' not found`);
  return found;
}

/** Members that are not sent keep their value, also inside `http` and `health_check`. */
export function withChangedService(balancer: LoadBalancer, body: unknown): Partial<LoadBalancer> {
  const old = listening(balancer, body);
  const sent = body as Partial<Service>;
  const changed = service({
    ...old,
    ...sent,
    http: sent.http ? { ...old.http, ...sent.http } : old.http,
    health_check: { ...old.health_check, ...sent.health_check },
  });
  return { services: balancer.services.map((current) => (current === old ? changed : current)) };
}

export function withoutService(balancer: LoadBalancer, body: unknown): Partial<LoadBalancer> {
  const gone = listening(balancer, body);
  return { services: balancer.services.filter((current) => current !== gone) };
}
