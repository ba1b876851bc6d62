/**
 * A STAND-IN for a cluster's Kubernetes API: HTTPS with the authority that user data brought, the client certificate asked
 * for, and discovery, get, list, create, update, apply, merge and delete of the kinds in kinds.ts. What it does not do: no schemas,
 * defaults or admission, no watches, no RBAC but system:masters, no ownership of fields (an apply always wins), no workloads.
 */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { type Asked, answer, refusal, type Said } from "./answer.ts";
import { servingCertificate } from "./certificate.ts";
import type { Objects } from "./objects.ts";

export interface ApiOptions {
  /** PEM by path under /var/lib/rancher/k3s/server/tls, as the first server's user data has them. */
  readonly authorities: ReadonlyMap<string, string>;
  readonly objects: Objects;
  /** Whether Flux has brought its kinds. */
  readonly installed: () => boolean;
  /** Where it listens; more names are put into its certificate by `names`. */
  readonly address: string;
  readonly names?: readonly string[];
  /** 6443, if not given; 0 takes a free one. */
  readonly port?: number;
  /** Answers in the API's place, for faults. */
  readonly fault?: () => Said | undefined;
}

export interface Api {
  readonly url: string;
  close(): Promise<void>;
}

/** The two paths that k3s is told to answer to everybody. */
const open = ["/readyz", "/livez"];

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/** Who asks, by the certificate: nobody, somebody, or one of system:masters. */
function refused(socket: TLSSocket): Said | undefined {
  if (!socket.authorized) return refusal(401, "Unauthorized");
  const { CN: user, O: groups } = socket.getPeerCertificate().subject;
  if ([groups].flat().includes("system:masters")) return undefined;
  return refusal(403, `User "${user}" cannot do this: only system:masters may, in this stand-in`);
}

async function respond({ objects, installed, fault }: ApiOptions, request: IncomingMessage): Promise<Said> {
  const { method = "GET", url: path = "/", headers } = request;
  const broken = fault?.();
  if (broken) return broken;
  const url = new URL(path, "https://api");
  if (open.includes(url.pathname)) return { status: 200, body: "ok" };
  const no = refused(request.socket as TLSSocket);
  if (no) return no;
  const asked: Asked = { method, url, contentType: headers["content-type"] ?? "", body: await textOf(request) };
  return answer(objects, asked, installed());
}

function send(response: ServerResponse, { status, body }: Said): void {
  const isText = typeof body === "string";
  response.writeHead(status, { "content-type": isText ? "text/plain" : "application/json" });
  response.end(isText ? body : JSON.stringify(body));
}

/** @throws Error of the socket when the address cannot be had here */
export async function startApi(options: ApiOptions): Promise<Api> {
  const { authorities, address, names = [], port = 6443 } = options;
  const file = (path: string) => authorities.get(path) ?? "";
  const authority = { certificate: file("server-ca.crt"), key: file("server-ca.key") };
  const serving = await servingCertificate(authority, [address, ...names]);
  const tls = { ...serving, ca: file("client-ca.crt"), requestCert: true, rejectUnauthorized: false };
  const server = createServer(tls, (request, response) => {
    void respond(options, request)
      .catch((error: Error) => refusal(500, error.message))
      .then((said) => send(response, said));
  });
  server.listen(port, address);
  await once(server, "listening");
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `https://${address}:${(server.address() as AddressInfo).port}`, close };
}
