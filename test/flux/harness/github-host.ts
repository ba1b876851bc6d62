/**
 * A STAND-IN for GitHub as `flux bootstrap github` and Flux meet it: github.com and api.github.com behind a proxy on
 * loopback, with an authority of its own. Of the API it has one repository; git is real, and asks for the token.
 */
import { createServer as createProxy, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import { type GitHost, guarded, ownAuthority, servedRepository, token } from "./git-host.ts";

const [owner, name] = ["acme", "gitops"];

/** docs.github.com/rest/repos/repos, "Get a repository": what go-git-providers reads of it. */
const repository = {
  ...{ id: 1, name, full_name: `${owner}/${name}`, private: true, visibility: "private", default_branch: "main" },
  owner: { login: owner, id: 1, type: "User" },
};

function answer({ url = "", headers }: IncomingMessage, response: ServerResponse): void {
  const say = (status: number, body: object) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  if (headers.authorization !== `Bearer ${token}`) say(401, { message: "Bad credentials" });
  else if (url === `/repos/${owner}/${name}`) say(200, repository);
  else say(404, { message: "Not Found" });
}

/** Lets HTTPS to the two names through to the port, and nothing else. */
async function proxyTo(port: number) {
  const proxy = createProxy();
  const open = new Set<Socket>();
  proxy.on("connect", ({ url = "" }: IncomingMessage, client: Socket) => {
    const onward = connect(/^(api\.)?github\.com:443$/.test(url) ? port : 0, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      onward.pipe(client).pipe(onward);
    });
    for (const [one, other] of [
      [client, onward],
      [onward, client],
    ] as const) {
      open.add(one);
      one.on("error", () => other.destroy()).on("close", () => open.delete(one));
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const close = async () => {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => proxy.close(resolve));
  };
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, close };
}

export async function startGitHubHost(): Promise<GitHost> {
  const served = await servedRepository();
  const { cert, key, env } = await ownAuthority(served.repository.folder, "github.com", "api.github.com");
  const git = guarded(served.port);
  const server = createServer({ cert, key }, (incoming, response) => {
    if (incoming.headers.host === "api.github.com") return answer(incoming, response);
    incoming.url = (incoming.url ?? "").replace(/^\/acme\/gitops(\.git)?\//, `/${served.name}/`);
    return void git(incoming, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy = await proxyTo((server.address() as AddressInfo).port);
  return {
    ...served,
    url: `https://github.com/${owner}/${name}`,
    credential: { username: "git", password: token },
    env: { ...env, HTTPS_PROXY: proxy.url },
    close: async () => {
      await proxy.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await served.close();
    },
  };
}
