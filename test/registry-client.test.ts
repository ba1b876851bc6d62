import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { startRegistry } from "../sandbox/registry/server.ts";
import { challengeOf } from "../stacks/registry/challenge.ts";
import { basic, dockerCredentials } from "../stacks/registry/credentials.ts";
import { canonicalName, placeOf } from "../stacks/registry/reference.ts";
import { registryTags, type TagsArgs } from "../stacks/registry/tags.ts";
import { nowhere } from "./hetzner-client.ts";

interface Answer {
  readonly status?: number;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: unknown;
}

type Behaviour = (request: IncomingMessage, url: string) => Answer | "silence";

/** A STAND-IN for a registry that answers whatever a test wants. */
async function withServer<T>(behaviour: Behaviour, use: (url: string, asked: readonly string[]) => Promise<T>) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const { port } = server.address() as AddressInfo;
    const answer = behaviour(request, `http://127.0.0.1:${port}`);
    if (answer === "silence") return;
    const { status = 200, headers = {}, body } = answer;
    response.writeHead(status, headers).end(typeof body === "string" ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const list = (behaviour: Behaviour, more: Partial<TagsArgs> = {}) =>
  withServer(behaviour, async (registry, asked) => ({
    tags: await registryTags({ registry, name: "acme/blog", ...more }),
    asked,
  }));

const tags = (...names: string[]): Answer => ({ body: { name: "acme/blog", tags: names } });
const next = (target: string) => ({ link: `<${target}>; rel="next"` });
const credentials = { username: "robot", password: "s3cret:word" };

describe("the tags of an image", () => {
  it("are those of all pages, in order", async () => {
    const answer = await list(({ url = "" }) =>
      url.includes("last=b") ? tags("c") : { ...tags("a", "b"), headers: next("/v2/acme/blog/tags/list?n=2&last=b") },
    );
    expect(answer).toEqual({
      tags: ["a", "b", "c"],
      asked: ["/v2/acme/blog/tags/list?n=1000", "/v2/acme/blog/tags/list?n=2&last=b"],
    });
  });

  it("are those that were pushed, a thousand a page", async () => {
    const registry = await startRegistry();
    try {
      for (const tag of ["v1.0.2", "v1.0.0"]) await registry.pushTag("acme/blog", tag);
      expect(await registryTags({ registry: registry.url, name: "acme/blog" })).toEqual(["v1.0.0", "v1.0.2"]);
      await expect(registryTags({ registry: registry.url, name: "acme/none" })).rejects.toThrow(
        /answered 404: .*NAME_UNKNOWN/,
      );
    } finally {
      await registry.close();
    }
  });

  it("are none when the registry says null", async () => {
    expect((await list(() => ({ body: { tags: null } }))).tags).toEqual([]);
  });
});

describe("a registry that asks who it is", () => {
  const listing: Behaviour = ({ headers: { authorization } }) =>
    authorization === basic(credentials)
      ? tags("v1")
      : { status: 401, headers: { "www-authenticate": 'Basic realm="x"' }, body: {} };

  it("gets name and password when it asks for them", async () => {
    expect((await list(listing, { credentials })).tags).toEqual(["v1"]);
  });

  it("says so without credentials", async () => {
    await expect(list(listing)).rejects.toThrow(/wants to know who asks for acme\/blog: log in with docker/);
  });

  it("says no to the wrong ones, and never repeats them", async () => {
    const wrong = list(listing, { credentials: { ...credentials, password: "hunter2" } });
    await expect(wrong).rejects.toThrow(/answered 401/);
    await expect(wrong).rejects.not.toThrow(/hunter2|aHVudGVyMg/);
  });

  const withToken =
    (field: "token" | "access_token", wanted: string | undefined): Behaviour =>
    ({ url = "", headers: { authorization } }, origin) => {
      if (url.startsWith("/token")) {
        const given = authorization === wanted;
        return given ? { body: { [field]: "opaque" } } : { status: 403, body: {} };
      }
      if (authorization === "Bearer opaque") return tags("v1");
      const header = `Bearer realm="${origin}/token",service="registry.example.com"`;
      return { status: 401, headers: { "www-authenticate": header }, body: {} };
    };

  it.each(["token", "access_token"] as const)("gives an anonymous %s for a public image", async (field) => {
    const { tags: found, asked } = await list(withToken(field, undefined));
    expect(found).toEqual(["v1"]);
    expect(asked[1]).toBe("/token?service=registry.example.com&scope=repository%3Aacme%2Fblog%3Apull");
  });

  it("gives a token for name and password", async () => {
    expect((await list(withToken("token", basic(credentials)), { credentials })).tags).toEqual(["v1"]);
    await expect(list(withToken("token", basic(credentials)))).rejects.toThrow(/gives no token \(403\)/);
  });

  it("is told nothing at an address without TLS elsewhere", () => {
    const header = 'Bearer realm="http://evil.example.com/token"';
    expect(() => challengeOf(header, "https://ghcr.io", "acme/blog")).toThrow("which has no TLS");
  });

  it("keeps the scope that it names", () => {
    const header =
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull"';
    expect(challengeOf(header, "https://registry-1.docker.io", "a/b")).toEqual({
      kind: "bearer",
      token: new URL("https://auth.docker.io/token?service=registry.docker.io&scope=repository%3Aa%2Fb%3Apull"),
    });
  });
});

describe("a registry that means harm, or is none, ends with a sentence:", () => {
  const endless: Behaviour = ({ url = "" }) => ({ ...tags("a"), headers: next(`${url}1`) });
  const loop: Behaviour = () => ({ ...tags("a"), headers: next("/v2/acme/blog/tags/list?n=1000") });
  const elsewhere: Behaviour = () => ({ ...tags("a"), headers: next("http://evil.example.com/v2/a") });
  const page: Behaviour = () => ({ body: "<html>" });
  const numbers: Behaviour = () => ({ body: { tags: [1] } });
  const silence: Behaviour = () => "silence";
  const large: Behaviour = () => tags("a".repeat(2000));

  it.each([
    ["pages without end", endless, "has no end of pages for acme/blog"],
    ["a page that leads back to itself", loop, "is a page that leads back to itself"],
    ["a page on another host", elsewhere, "leads to another host, http://evil.example.com"],
    ["no JSON", page, "answers no JSON: is this a registry?"],
    ["no tags", numbers, "answers no list of tags: is this a registry?"],
    ["too many bytes", large, "sends more than 1000 bytes of tags"],
    ["silence", silence, "took longer than 0.3 s to list the tags of acme/blog"],
  ] as const)("%s", async (_, behaviour, message) => {
    const time = behaviour === silence ? 300 : 60_000;
    await expect(list(behaviour, { limits: { pages: 5, bytes: 1000, time } })).rejects.toThrow(message);
  });

  it("nobody there", async () => {
    await expect(registryTags({ registry: nowhere, name: "acme/blog" })).rejects.toThrow(
      `${nowhere} cannot be reached`,
    );
  });
});

describe("an image's place", () => {
  it.each([
    ["ghcr.io/acme/blog", "https://ghcr.io", "acme/blog"],
    ["nginx", "https://registry-1.docker.io", "library/nginx"],
    ["acme/blog", "https://registry-1.docker.io", "acme/blog"],
    ["docker.io/acme/blog", "https://registry-1.docker.io", "acme/blog"],
    ["localhost:5000/blog", "http://localhost:5000", "blog"],
    ["127.0.0.1:5000/acme/blog", "http://127.0.0.1:5000", "acme/blog"],
    ["registry.example.com:8443/a/b/c", "https://registry.example.com:8443", "a/b/c"],
  ])("%s", (image, url, name) => expect(placeOf(image)).toMatchObject({ url, name }));

  it("is one for every spelling", () => {
    expect(canonicalName("nginx")).toBe(canonicalName("index.docker.io/library/nginx"));
  });
});

describe("what docker login left", () => {
  const config = (host: string) => JSON.stringify({ auths: { [host]: { auth: basic(credentials).slice(6) } } });

  it.each([
    ["ghcr.io", "ghcr.io"],
    ["docker.io", "https://index.docker.io/v1/"],
  ])("is taken for %s", (host, key) => expect(dockerCredentials(config(key), host)).toEqual(credentials));

  it("is nothing for another host, or in a keychain", () => {
    expect(dockerCredentials(config("ghcr.io"), "quay.io")).toBeUndefined();
    expect(dockerCredentials('{"auths":{"ghcr.io":{}},"credsStore":"desktop"}', "ghcr.io")).toBeUndefined();
  });
});
