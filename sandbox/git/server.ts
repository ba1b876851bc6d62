/**
 * Stands in for the host of the GitOps repository: the real `git http-backend` behind HTTP on loopback. It does not know
 * users, permissions, deploy keys, SSH, pull requests or webhooks; whoever reaches the port may read and push.
 */
import { type ChildProcessByStdio, execFile, spawn } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { devNull } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { SandboxError } from "../error.ts";
import { cgiEnv, cgiHead } from "./cgi.ts";

export interface GitOptions {
  /** Holds the bare repositories. */
  readonly root: string;
  /** 0 (the default) takes a free one. */
  readonly port?: number;
}

export interface GitServer {
  readonly port: number;
  /** Clone and push URL of a repository: `http://127.0.0.1:PORT/<name>`. */
  url(name: string): string;
  /** The commit at a branch's head, without asking git; `undefined` where there is none. */
  head(name: string, branch: string): string | undefined;
  /** Makes an empty bare repository with `main` as its branch; leaves one that is there as it is. */
  createRepository(name: string): Promise<void>;
  /** Returns when no git process of this server runs any more. */
  close(): Promise<void>;
}

const execute = promisify(execFile);

/** As a hosting service has it: nobody's personal settings, no rewritten history, no housekeeping behind the push. */
const settings = {
  "http.receivepack": "true",
  "receive.denyNonFastForwards": "true",
  "receive.autogc": "false",
  "uploadpack.allowFilter": "true",
  "uploadpack.allowAnySHA1InWant": "true",
} as const;

const environment = (): NodeJS.ProcessEnv => ({
  PATH: process.env["PATH"],
  GIT_CONFIG_GLOBAL: devNull,
  GIT_CONFIG_NOSYSTEM: "1",
  LC_ALL: "C",
});

async function findBackend(): Promise<string> {
  try {
    const { stdout } = await execute("git", ["--exec-path"]);
    const backend = join(stdout.trim(), "git-http-backend");
    accessSync(backend, constants.X_OK);
    return backend;
  } catch {
    throw new SandboxError("git has no http-backend here: install all of git (on Alpine: apk add git git-daemon).");
  }
}

/** `<name>` below the root, so that no URL of ours can mean a folder outside. */
function repositoryPath(root: string, name: string): string {
  if (!/^\w[\w.-]*$/.test(name)) throw new Error(`not a repository's name: ${name}`);
  return join(root, name);
}

/** Git packs references only in its housekeeping, which is off here. */
function headOf(folder: string, branch: string): string | undefined {
  const file = join(folder, "refs", "heads", branch);
  return existsSync(file) ? readFileSync(file, "utf8").trim() || undefined : undefined;
}

async function createRepository(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const options = { env: environment() };
  await execute("git", ["init", "--quiet", "--bare", "--initial-branch=main", folder], options);
  for (const [name, value] of Object.entries(settings))
    await execute("git", ["-C", folder, "config", name, value], options);
}

type Backend = ChildProcessByStdio<Writable, Readable, null>;

/** Passes on what the backend says: first its head, then the body as it comes, whatever its size. */
async function relay(backend: Backend, response: ServerResponse): Promise<void> {
  async function* body(source: AsyncIterable<Buffer>) {
    let read = Buffer.alloc(0);
    for await (const chunk of source) {
      if (response.headersSent) {
        yield chunk;
        continue;
      }
      read = Buffer.concat([read, chunk]);
      const head = cgiHead(read);
      if (!head) continue;
      response.writeHead(head.status, head.headers);
      yield head.rest;
    }
    if (!response.headersSent) response.writeHead(500);
  }
  await pipeline(backend.stdout, body, response);
}

async function answer(backend: Backend, request: IncomingMessage, response: ServerResponse): Promise<void> {
  pipeline(request, backend.stdin).catch(() => undefined);
  await relay(backend, response).catch(() => response.destroy());
  // The backend waits for ever for the rest of a request whose client has gone (http-backend.c, pipe_fixed_length).
  // Here it has closed its output, or nobody reads it: git takes what it started down with it and keeps no half push.
  backend.kill();
}

export async function startGit({ root, port = 0 }: GitOptions): Promise<GitServer> {
  const file = await findBackend();
  mkdirSync(root, { recursive: true });
  const running = new Set<Promise<void>>();
  const server = createServer((request, response) => {
    const env = { ...environment(), ...cgiEnv(request, root) };
    const backend = spawn(file, { env, stdio: ["pipe", "pipe", "ignore"] });
    const ended = new Promise<void>((resolve) => backend.once("close", () => resolve()));
    running.add(ended);
    void ended.then(() => running.delete(ended));
    void answer(backend, request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    port: bound,
    url: (name) => `http://127.0.0.1:${bound}/${name}`,
    head: (name, branch) => headOf(repositoryPath(root, name), branch),
    createRepository: async (name) => createRepository(repositoryPath(root, name)),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await Promise.all([closed, ...running]);
    },
  };
}
