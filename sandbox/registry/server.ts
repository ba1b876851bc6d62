/**
 * Stands in for the container registry: push, pull and tag lists of the OCI distribution specification 1.1
 * (opencontainers/distribution-spec, spec.md) over HTTP on loopback. It knows no users, TLS, deletion, referrers,
 * rate limits or size limits, and keeps everything in memory; images in it cannot be run.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Answer, type Call, failure, json, type Request } from "./answer.ts";
import { blobUploads, readBlob } from "./blobs.ts";
import { pushImage } from "./image.ts";
import { listTags, readManifest, writeManifest } from "./manifests.ts";
import { openStore, type Store, tagsOf } from "./store.ts";

export interface RegistryOptions {
  /** 0 (the default) takes a free one. */
  readonly port?: number;
  /** Where the images outlive the process; without one they do not. */
  readonly stateFile?: string;
}

export interface Registry {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  /** Pushes a minimal image over HTTP, as any client does. Every tag gets an image and a digest of its own. */
  pushTag(repository: string, tag: string): Promise<void>;
  /** In the order in which the registry lists them. */
  tags(repository: string): readonly string[];
  close(): Promise<void>;
}

const part = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const prefix = `^/v2/(?<repository>${part}(?:/${part})*)`;
const digest = "sha256:[0-9a-f]{64}";

/** Which function answers what. */
function routes() {
  const { begin, add, end } = blobUploads();
  const table: readonly (readonly [string, string, (call: Call) => Answer])[] = [
    ["GET", "/tags/list", listTags],
    ["GET", `/manifests/(?<reference>\\w[\\w.-]{0,127}|${digest})`, readManifest],
    ["PUT", `/manifests/(?<reference>\\w[\\w.-]{0,127}|${digest})`, writeManifest],
    ["GET", `/blobs/(?<reference>${digest})`, readBlob],
    ["POST", "/blobs/uploads/", begin],
    ["PATCH", "/blobs/uploads/(?<reference>[\\w-]+)", add],
    ["PUT", "/blobs/uploads/(?<reference>[\\w-]+)", end],
  ];
  return table.map(([method, path, answer]) => ({ method, pattern: new RegExp(`${prefix}${path}$`), answer }));
}

function respond(store: Store, table: ReturnType<typeof routes>, request: Request): Answer {
  const { pathname, searchParams: query } = new URL(request.target, "http://127.0.0.1");
  if (pathname === "/v2/") return json(200, {});
  const method = request.method === "HEAD" ? "GET" : request.method;
  const fitting = table.filter(({ pattern }) => pattern.test(pathname));
  if (fitting.length === 0) return failure(404, "UNSUPPORTED", `this stand-in serves nothing at ${pathname}`);
  const route = fitting.find((each) => each.method === method);
  if (!route) return failure(405, "UNSUPPORTED", `${request.method} is not supported at ${pathname}`);
  const { repository = "", reference = "" } = route.pattern.exec(pathname)?.groups ?? {};
  return route.answer({ ...request, store, repository, reference, query });
}

async function requestOf(incoming: IncomingMessage): Promise<Request> {
  const { method = "GET", url: target = "/", headers } = incoming;
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const [contentType, contentRange] = [headers["content-type"], headers["content-range"]];
  return { method, target, contentType, contentRange, body: Buffer.concat(chunks) };
}

function handler(store: Store) {
  const table = routes();
  return async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { status, headers, body = Buffer.alloc(0) } = respond(store, table, await requestOf(incoming));
    if (status === 201) store.save();
    const always = { "docker-distribution-api-version": "registry/2.0", "content-length": body.length };
    response.writeHead(status, { ...always, ...headers }).end(body);
  };
}

export async function startRegistry({ port = 0, stateFile }: RegistryOptions = {}): Promise<Registry> {
  const store = openStore(stateFile);
  const handle = handler(store);
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  // A connection that is closed while its next request is under way is a push that failed.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${bound}`;
  return {
    url,
    port: bound,
    pushTag: (repository, tag) => pushImage({ registry: url, repository, tag }),
    tags: (repository) => tagsOf(store, repository) ?? [],
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
