/** A STAND-IN for a GitHub Enterprise server's commit statuses: it keeps what is posted, of any repository and for any token. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

export interface CommitStatus {
  readonly sha: string;
  readonly context: string;
  readonly state: string;
  readonly description: string;
}

export interface CommitStatuses {
  /** Of the server; a repository's address begins with it. */
  readonly url: string;
  readonly kept: readonly CommitStatus[];
  close(): void;
}

export async function commitStatuses(): Promise<CommitStatuses> {
  const kept: CommitStatus[] = [];
  const server = createServer(async (request, response) => {
    const [, path, sha = ""] =
      /^\/api\/v3\/repos\/[^/]+\/[^/]+\/(commits|statuses)\/([0-9a-f]{40})/.exec(request.url ?? "") ?? [];
    const isPost = request.method === "POST" && path === "statuses";
    if (isPost) kept.push({ sha, ...((await json(request)) as Omit<CommitStatus, "sha">) });
    const own = kept.filter((each) => each.sha === sha).toReversed();
    response.writeHead(path ? (isPost ? 201 : 200) : 404, { "content-type": "application/json" });
    response.end(JSON.stringify(path ? (isPost ? own[0] : own) : { message: "Not Found" }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, kept, close: () => void server.close() };
}
