/**
 * The sandbox's git server: git's own smart-HTTP program (`git http-backend`, as CGI) over bare repositories, on loopback.
 * It stands in for GitHub; it knows no accounts, and lets everybody push who reaches it.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { SandboxError } from "../lock.ts";

const execute = promisify(execFile);

export interface GitServer {
  readonly port: number;
  /** Clone URL of a repository: `gitops.git`. */
  url(name: string): string;
  /** A bare repository with `main` as its branch and no commit; one that exists stays as it is. */
  createRepository(name: string): Promise<void>;
  close(): Promise<void>;
}

/** RFC 3875, the part that git http-backend reads (git-http-backend(1)). */
function cgiEnvironment(request: IncomingMessage, root: string): NodeJS.ProcessEnv {
  const url = new URL(request.url ?? "/", "http://sandbox");
  return {
    PATH: process.env["PATH"],
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: "1",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
    PATH_INFO: decodeURIComponent(url.pathname),
    QUERY_STRING: url.search.slice(1),
    REQUEST_METHOD: request.method,
    CONTENT_TYPE: request.headers["content-type"] ?? "",
    CONTENT_LENGTH: request.headers["content-length"],
    HTTP_CONTENT_ENCODING: String(request.headers["content-encoding"] ?? ""),
    REMOTE_ADDR: request.socket.remoteAddress ?? "",
    REMOTE_USER: "sandbox",
  };
}

/** Headers of a CGI answer end with an empty line; `Status` is the HTTP status, 200 when it is missing. */
function writeHead(head: string, response: ServerResponse): void {
  let status = 200;
  for (const line of head.split(/\r?\n/).filter(Boolean)) {
    const [name = "", ...value] = line.split(":");
    const text = value.join(":").trim();
    if (name.toLowerCase() === "status") status = Number.parseInt(text, 10);
    else response.setHeader(name, text);
  }
  response.writeHead(status);
}

/** Passes the answer on as it comes: packs are never held whole. */
function streamAnswer(from: NodeJS.ReadableStream, response: ServerResponse): void {
  let head = Buffer.alloc(0);
  const onHead = (chunk: Buffer) => {
    head = Buffer.concat([head, chunk]);
    const end = /\r?\n\r?\n/.exec(head.toString("latin1"));
    if (!end) return;
    from.off("data", onHead);
    writeHead(head.toString("latin1", 0, end.index), response);
    response.write(head.subarray(end.index + end[0].length));
    from.pipe(response);
  };
  from.on("data", onHead);
  from.on("end", () => response.end());
}

function serve(request: IncomingMessage, response: ServerResponse, root: string): void {
  const backend = spawn("git", ["http-backend"], {
    env: cgiEnvironment(request, root),
    stdio: ["pipe", "pipe", "ignore"],
  });
  backend.stdin.on("error", () => undefined); // it may answer before it has read everything
  request.pipe(backend.stdin);
  streamAnswer(backend.stdout, response);
  response.on("close", () => backend.kill());
}

async function requireBackend(): Promise<void> {
  const { stdout } = await execute("git", ["--exec-path"]);
  if (existsSync(join(stdout.trim(), "git-http-backend"))) return;
  throw new SandboxError(
    "This git has no http-backend, which serves the sandbox's repository; install git completely.",
  );
}

async function createRepository(folder: string): Promise<void> {
  if (existsSync(folder)) return;
  await execute("git", ["init", "--quiet", "--bare", "--initial-branch=main", folder]);
  await execute("git", ["-C", folder, "config", "http.receivepack", "true"]);
  await execute("git", ["-C", folder, "config", "receive.denyNonFastForwards", "true"]);
}

/** @throws SandboxError when this git cannot serve */
export async function startGit({
  root,
  port = 0,
}: {
  readonly root: string;
  readonly port?: number;
}): Promise<GitServer> {
  await requireBackend();
  const server = createServer((request, response) => serve(request, response, root));
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const { port: bound } = server.address() as AddressInfo;
  return {
    port: bound,
    url: (name) => `http://127.0.0.1:${bound}/${name}`,
    createRepository: (name) => createRepository(join(root, name)),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
