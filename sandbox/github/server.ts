/**
 * A STAND-IN for GitHub's REST API: the deploy keys of repositories, as docs.github.com/rest/deploy-keys has them. It does
 * not know anything else, and whether a key may really push is not its business: the sandbox's git server asks for none.
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { readState, writeState } from "../state-file.ts";

export interface DeployKey {
  readonly id: number;
  readonly repository: string;
  readonly title: string;
  readonly key: string;
  readonly read_only: boolean;
}

export interface GitHub {
  /** For `GITHUB_API_URL`. */
  readonly url: string;
  readonly keys: () => readonly DeployKey[];
  close(): Promise<void>;
}

export interface GitHubOptions {
  /** 0 (the default) takes a free one. */
  readonly port?: number;
  /** Where the keys outlive the process; without one they do not. */
  readonly stateFile?: string;
  /** Of no account; another one is not accepted. */
  readonly token?: string;
}

/** With the form of GitHub's fine-grained tokens. */
export const dummyGitHubToken = `github_pat_${"sandbox".padEnd(36, "0")}`;

interface Said {
  readonly status: number;
  readonly body?: object;
}

const refusal = (status: number, message: string, detail?: string): Said => ({
  status,
  body: {
    message,
    ...(detail ? { errors: [{ resource: "PublicKey", code: "custom", field: "key", message: detail }] } : {}),
  },
});

/** Without its comment. */
const material = (key: string): string => key.split(" ").slice(0, 2).join(" ");

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

class Keys {
  #all: readonly DeployKey[];
  readonly #stateFile: string | undefined;

  constructor(stateFile: string | undefined) {
    this.#stateFile = stateFile;
    this.#all = (stateFile && readState<readonly DeployKey[]>(stateFile)) || [];
  }

  get all(): readonly DeployKey[] {
    return this.#all;
  }

  set(all: readonly DeployKey[]): void {
    this.#all = all;
    if (this.#stateFile) writeState(this.#stateFile, all);
  }

  add(repository: string, wanted: Pick<DeployKey, "title" | "key" | "read_only">): Said {
    if (!/^(ssh-ed25519|ssh-rsa|ecdsa-sha2-\S+) [A-Za-z0-9+/]+=*( .*)?$/.test(wanted.key))
      return refusal(422, "Validation Failed", "key is invalid. You must supply a key in OpenSSH public key format");
    const taken = this.#all.some(({ key }) => material(key) === material(wanted.key));
    if (taken) return refusal(422, "Validation Failed", "key is already in use");
    const { title, key, read_only } = wanted;
    const id = 1 + Math.max(0, ...this.#all.map((each) => each.id));
    const made = { id, repository, title, key: material(key), read_only };
    this.set([...this.#all, made]);
    return { status: 201, body: made };
  }
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly text: string;
}

function respond(keys: Keys, { method, path, text }: Asked): Said {
  const [, repository = "", id] = /^\/repos\/([^/]+\/[^/]+)\/keys(?:\/(\d+))?$/.exec(path) ?? [];
  const own = keys.all.filter((key) => key.repository === repository);
  const one = own.find((key) => String(key.id) === id);
  if (repository === "") return refusal(404, "Not Found");
  if (method === "POST" && id === undefined) return keys.add(repository, JSON.parse(text));
  if (method === "GET" && id === undefined) return { status: 200, body: own };
  if (!one) return refusal(404, "Not Found");
  if (method === "GET") return { status: 200, body: one };
  if (method !== "DELETE") return refusal(404, "Not Found");
  keys.set(keys.all.filter((key) => key !== one));
  return { status: 204 };
}

export async function startGitHub({
  port = 0,
  stateFile,
  token = dummyGitHubToken,
}: GitHubOptions = {}): Promise<GitHub> {
  const keys = new Keys(stateFile);
  const server = createServer(async (request, response) => {
    const { method = "GET", url = "/", headers } = request;
    const text = await textOf(request);
    const isKnown = headers.authorization === `Bearer ${token}`;
    const [path = ""] = url.split("?");
    const { status, body } = isKnown ? respond(keys, { method, path, text }) : refusal(401, "Bad credentials");
    response.writeHead(status, { "content-type": "application/json" });
    response.end(body ? JSON.stringify(body) : undefined);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, keys: () => keys.all, close };
}
