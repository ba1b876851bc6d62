/** SHELL: how memberships and the guard reach a cluster's API, over the stage's own mutual TLS, and Hetzner's. */
import { request } from "node:https";
import type { AtHetzner, Item } from "../stacks/cluster/leftovers.ts";
import { hetznerClient, officialEndpoint } from "../stacks/preflight/hetzner.ts";
import type { Ask, Reply } from "./departure.ts";
import { UserError } from "./resource.ts";
import type { Properties } from "./values.ts";

/** Milliseconds without an answer; what cannot be reached at all must not hold up a destroy. */
const patience = 5000;

function text(inputs: Properties, name: string): string {
  const value = inputs[name];
  return typeof value === "string" ? value : "";
}

/** @throws UserError in one clause where the API says nothing */
export function clusterAsk(inputs: Properties, server: string, signal: AbortSignal): Ask {
  const [ca, cert, key] = ["caCertificate", "adminCertificate", "adminKey"].map((name) => text(inputs, name));
  return ({ method = "GET", path, contentType, body }) =>
    new Promise<Reply>((resolve, reject) => {
      const headers = { accept: "application/json", ...(contentType ? { "content-type": contentType } : {}) };
      const failed = (error: Error) => reject(new UserError(error.message));
      if (!URL.canParse(server)) return failed(new Error("its API has no address"));
      const options = { method, headers, ca, cert, key, signal, timeout: patience };
      const sent = request(`${server}${path}`, options, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", failed);
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
        );
      });
      sent.on("timeout", () => sent.destroy(new Error(`no answer for ${patience / 1000} s`)));
      sent.on("error", failed);
      sent.end(body);
    });
}

/** The token that is set now, before the one that the last `up` knew. @throws HetznerError */
export async function atHetzner(inputs: Properties): Promise<AtHetzner> {
  const endpoint = process.env["HCLOUD_ENDPOINT"] || text(inputs, "endpoint") || officialEndpoint;
  const client = hetznerClient({ endpoint, token: process.env["HCLOUD_TOKEN"] || text(inputs, "token") });
  const list = async (member: string) => (await client.list(`/${member}`, member)) as readonly Item[];
  const [servers = [], networks = [], loadBalancers = [], volumes = []] = await Promise.all(
    ["servers", "networks", "load_balancers", "volumes"].map(list),
  );
  return { servers, networks, loadBalancers, volumes };
}
