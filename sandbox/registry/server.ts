/**
 * A stand-in for a container registry on loopback: the OCI distribution protocol for pushing, listing and pulling images,
 * without accounts, chunked uploads, deletion, referrers or layers of any size worth mentioning.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { openContent } from "./content.ts";
import { pushImage } from "./push.ts";
import { answer } from "./routes.ts";

export interface Registry {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  /** Pushes a minimal image under a tag, over the protocol. */
  pushTag(repository: string, tag: string): Promise<void>;
  close(): Promise<void>;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** With `stateFile` what was pushed outlives the process. */
export async function startRegistry({
  port = 0,
  stateFile,
}: {
  readonly port?: number;
  readonly stateFile?: string;
}): Promise<Registry> {
  const content = openContent(stateFile);
  const server = createServer(async (request, response) => {
    const ask = {
      method: request.method ?? "GET",
      url: new URL(request.url ?? "/", "http://registry"),
      mediaType: request.headers["content-type"] ?? "application/octet-stream",
      body: await bodyOf(request),
    };
    const { status, headers, body } = answer(content, ask);
    response.writeHead(status, { "docker-distribution-api-version": "registry/2.0", ...headers });
    response.end(body);
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const bound = (server.address() as AddressInfo).port;
  const url = `http://127.0.0.1:${bound}`;
  return {
    url,
    port: bound,
    pushTag: (repository, tag) => pushImage({ registry: url, repository, tag }),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
