/**
 * The host of the GitOps repository as a cluster reaches it with `credential: token`: HTTPS with an authority of its own,
 * and a user with a password, before the sandbox's git server. Pushes are refused to nobody who has the password.
 */
import { type IncomingMessage, request, type ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { authority } from "../../../provider/pki/certificates.ts";
import { days } from "../../../provider/pki/material.ts";
import { startGit } from "../../../sandbox/git/server.ts";
import { gitRemote } from "../../git-remote.ts";
import { serving } from "./serving.ts";

export interface GitHost {
  /** As the clusters reach it, over HTTPS with the credential. */
  readonly url: string;
  /** As the program reaches it, over HTTP. */
  readonly pushUrl: string;
  /** Of the Secret that `flux bootstrap git --username --password --ca-file` makes. */
  readonly credential: { readonly username: string; readonly password: string; readonly "ca.crt": string };
  /** The repository itself, and people who commit to it. */
  readonly repository: ReturnType<typeof gitRemote>;
  close(): Promise<void>;
}

const username = "flux";
const password = "token-of-a-test";
const expected = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;

/** Passes on what carries the credential. */
function guarded(port: number) {
  return (incoming: IncomingMessage, response: ServerResponse): void => {
    const { method, url, headers } = incoming;
    if (headers.authorization !== expected) {
      response.writeHead(401, { "www-authenticate": "Basic" }).end();
      return;
    }
    const { authorization: _, ...rest } = headers;
    const onward = request({ port, host: "127.0.0.1", method, path: url, headers: rest, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    incoming.pipe(onward);
  };
}

export async function startGitHost(): Promise<GitHost> {
  const repository = gitRemote();
  const name = "remote.git";
  const git = await startGit({ root: repository.folder });
  await git.createRepository(name);
  const now = new Date();
  const ca = await authority("git-host", { from: days(-1, now), until: days(30, now) });
  const { certificate: cert, key } = await serving(ca, "git-host");
  const server = createServer({ cert, key }, guarded(git.port));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}/${name}`,
    pushUrl: git.url(name),
    credential: { username, password, "ca.crt": ca.certificate },
    repository,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await git.close();
      repository.close();
    },
  };
}
