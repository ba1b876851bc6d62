import { isProperties, type Properties, type Value } from "../../../provider/values.ts";
import type { Client } from "./client.ts";
import { computed, type Fields, flag, given, type Kind, number, replaces, required, text } from "./kind.ts";
import { findBalancer, type Service } from "./load-balancers.ts";

const httpFields: Fields = {
  stickySessions: flag(computed),
  cookieName: text(computed),
  cookieLifetime: number(computed),
  certificates: { type: "set", items: "number", ...computed },
  redirectHttp: flag(computed),
  timeoutIdle: number(computed),
};
const probeFields: Fields = {
  domain: text(),
  path: text(),
  response: text(),
  tls: flag(),
  statusCodes: { type: "list", items: "string" },
};
const healthFields: Fields = {
  protocol: text(required),
  port: number(required),
  interval: number(required),
  timeout: number(required),
  retries: number(required),
  http: { type: "object", fields: probeFields, ...computed },
};

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

function renamed(value: Value, rename: (name: string) => string): Value {
  if (!isProperties(value)) return value;
  const present = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(present.map(([name, inner]) => [rename(name), renamed(inner, rename)]));
}

const serviceBody = ({ loadBalancerId: _, ...rest }: Properties, listenPort: Value | undefined): object =>
  renamed(given({ ...rest, listenPort }), snake) as Properties;

function serviceState({ http, health_check, ...rest }: Service, loadBalancerId: string): Properties {
  const web = rest.protocol === "tcp" ? {} : { http: renamed(http, camel) };
  return { loadBalancerId, ...(renamed(rest, camel) as Properties), ...web, healthCheck: renamed(health_check, camel) };
}

async function findService(client: Client, id: string): Promise<Service | undefined> {
  const [balancer = "", port] = id.split("__");
  return (await findBalancer(client, balancer))?.services.find(({ listen_port }) => String(listen_port) === port);
}

const usualPorts: Properties = { http: 80, https: 443 };

/** internal/loadbalancer/resource_service.go; its id is `<load balancer>__<listen port>`. */
export const loadBalancerService: Kind = {
  fields: {
    loadBalancerId: text({ ...required, ...replaces }),
    protocol: text({ ...required, ...replaces }),
    listenPort: number({ ...computed, ...replaces }),
    destinationPort: number(computed),
    proxyprotocol: flag(computed),
    http: { type: "object", fields: httpFields, ...computed },
    healthCheck: { type: "object", fields: healthFields, ...computed },
  },
  create: async (client, inputs) => {
    const port = inputs["listenPort"] ?? usualPorts[String(inputs["protocol"])] ?? 0;
    const path = `/load_balancers/${inputs["loadBalancerId"]}`;
    await client.act(path, "add_service", { body: serviceBody(inputs, port), retryOn: ["service_error"] });
    return `${inputs["loadBalancerId"]}__${port}`;
  },
  read: async (client, id) => {
    const found = await findService(client, id);
    return found && serviceState(found, id.split("__")[0] ?? "");
  },
  update: async (client, { id, inputs }) => {
    const [balancer, port] = id.split("__");
    await client.act(`/load_balancers/${balancer}`, "update_service", { body: serviceBody(inputs, Number(port)) });
  },
  remove: async (client, id) => {
    if (!(await findService(client, id))) return;
    const [balancer, port] = id.split("__");
    await client.act(`/load_balancers/${balancer}`, "delete_service", { body: { listen_port: Number(port) } });
  },
};
