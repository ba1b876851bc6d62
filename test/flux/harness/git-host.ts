/** Where the GitOps repository is: what every host of it has, and the one that is reached over HTTPS with a token. */
import { writeFileSync } from "node:fs";
import { type IncomingMessage, request, type ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { authority } from "../../../provider/pki/certificates.ts";
import { days } from "../../../provider/pki/material.ts";
import { startGit } from "../../../sandbox/git/server.ts";
import { gitRemote } from "../../git-remote.ts";
import { serving } from "./serving.ts";

export interface GitHost {
  /** As the clusters reach it, with the credential. */
  readonly url: string;
  /** As known_hosts has it, where it is reached by ssh. */
  readonly knownHosts?: readonly string[];
  /** As the program reaches it, over HTTP. */
  readonly pushUrl: string;
  /** Of the Secrets that the program hands over, as stacks/access/repository.ts makes it. */
  readonly credential: { readonly [key: string]: string };
  /** By which programs of a cluster find and trust it. */
  readonly env: { readonly [name: string]: string };
  /** The repository itself, and people who commit to it. */
  readonly repository: ReturnType<typeof gitRemote>;
  close(): Promise<void>;
}

/** The sandbox's git server before an empty repository. Pushes are refused to nobody who reaches it. */
export async function servedRepository() {
  const repository = gitRemote();
  const name = "remote.git";
  const git = await startGit({ root: repository.folder });
  await git.createRepository(name);
  const close = async () => {
    await git.close();
    repository.close();
  };
  return { name, repository, port: git.port, pushUrl: git.url(name), close };
}

export const token = "token-of-a-test";

/** Whatever the user is called, as GitHub has it. */
const carries = ({ authorization = "" }: IncomingMessage["headers"], password: string): boolean =>
  Buffer.from(authorization.replace(/^Basic /, ""), "base64")
    .toString()
    .endsWith(`:${password}`);

/** Lets nobody push until so many are about to, who have all read the branch as it is; then one after the other. */
function gate() {
  let missing = 0;
  let waiting: (() => void)[] = [];
  return {
    gather(count: number): void {
      missing = count;
    },
    async pass({ url = "" }: IncomingMessage): Promise<void> {
      if (missing === 0 || !url.includes("info/refs?service=git-receive-pack")) return;
      missing -= 1;
      if (missing > 0) await new Promise<void>((resolve) => waiting.push(resolve));
      for (const resume of waiting) resume();
      waiting = [];
    },
  };
}

/** Passes on what carries the token. */
export function guarded(port: number, pass: (incoming: IncomingMessage) => Promise<void> = async () => undefined) {
  return async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method, url, headers } = incoming;
    if (!carries(headers, token)) {
      response.writeHead(401, { "www-authenticate": "Basic" }).end();
      return;
    }
    await pass(incoming);
    const { authorization: _, ...rest } = headers;
    const onward = request({ port, host: "127.0.0.1", method, path: url, headers: rest, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    incoming.pipe(onward);
  };
}

/** An authority of its own, and a file by which programs trust it. */
export async function ownAuthority(folder: string, ...names: readonly string[]) {
  const now = new Date();
  const ca = await authority("git-host", { from: days(-1, now), until: days(30, now) });
  const file = join(folder, "authority.pem");
  writeFileSync(file, ca.certificate);
  const { certificate: cert, key } = await serving(ca, "git-host", ["localhost", ...names]);
  return { cert, key, env: { SSL_CERT_FILE: file } };
}

export interface TokenHost extends GitHost {
  /** The next pushes wait until so many have come together: all but the first are late. */
  gather(count: number): void;
}

export async function startTokenHost(): Promise<TokenHost> {
  const served = await servedRepository();
  const { cert, key, env } = await ownAuthority(served.repository.folder);
  const { gather, pass } = gate();
  const server = createServer({ cert, key }, guarded(served.port, pass));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    ...served,
    url: `https://127.0.0.1:${port}/${served.name}`,
    credential: { username: "git", password: token },
    env,
    gather,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await served.close();
    },
  };
}
