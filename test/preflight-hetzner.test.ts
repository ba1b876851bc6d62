import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { authority } from "../provider/pki/certificates.ts";
import { type Hetzner, startHetzner } from "../sandbox/hetzner/start.ts";
import { tokenProblem } from "../stacks/config/token.ts";
import { type Account, hetznerClient } from "../stacks/preflight/hetzner.ts";
import { verdict } from "../stacks/preflight/preflight.ts";
import { type Reading, readHetzner } from "../stacks/preflight/read.ts";
import { request } from "../stacks/preflight/request.ts";
import type { Kind } from "../stacks/preflight/snapshot.ts";
import { goneEndpoint, hetznerToken as token } from "./hetzner-client.ts";
import { catalogue, now, planOf } from "./preflight-plan.ts";

const kinds: readonly Kind[] = ["servers", "networks", "primary_ips"];
let api: Hetzner;

beforeEach(async () => {
  api = await startHetzner({ token, actionMilliseconds: 0 });
});
afterEach(() => api.close());

const read = (account: Partial<Account> = {}): Promise<Reading> =>
  readHetzner(hetznerClient({ endpoint: api.url, token, pause: 1, ...account }), { image: "ubuntu-24.04", kinds });

const used = { code: "rate_limit_exceeded", message: "used up" };

async function server(name: string): Promise<void> {
  const body = JSON.stringify({ name, server_type: "cpx22", image: "ubuntu-24.04", location: "nbg1" });
  await fetch(`${api.url}/servers`, { method: "POST", headers: { authorization: `Bearer ${token}` }, body });
}

describe("what Hetzner says", () => {
  it("is asked by GET alone, one request for each kind of answer", async () => {
    const { snapshot, unread } = await read();
    expect(unread).toEqual([]);
    expect(snapshot.serverTypes).toEqual(catalogue.serverTypes);
    expect(snapshot.pricing).toEqual(catalogue.pricing);
    expect(api.journal.unknown()).toEqual([]);
    expect(api.journal.entries().map(({ method, operation }) => [method, operation.split(" ")[1]])).toEqual([
      ["GET", "/server_types"],
      ["GET", "/load_balancer_types"],
      ["GET", "/images"],
      ["GET", "/pricing"],
      ["GET", "/servers"],
      ["GET", "/networks"],
      ["GET", "/primary_ips"],
    ]);
  });

  it("F41 is read page after page, however small Hetzner makes the pages", async () => {
    for (const name of ["a", "b", "c"]) await server(name);
    api.faults.perPage(1);
    const { snapshot } = await read();
    expect(snapshot.existing.servers?.map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect(snapshot.serverTypes).toEqual(catalogue.serverTypes);
  });

  it("F41 may have members and words that nobody has heard of, and lack what came or went", async () => {
    await server("a");
    type Servers = { readonly servers: readonly object[] };
    type Types = { readonly server_types: readonly { readonly locations: readonly object[] }[] };
    api.faults.rewrite("GET /servers", (body) => ({
      ...body,
      colour: "blue",
      servers: (body as Servers).servers.map((each) => ({
        ...each,
        status: "hibernating",
        location: undefined,
        mood: 1,
      })),
    }));
    api.faults.rewrite("GET /server_types", (body) => ({
      server_types: (body as Types).server_types.map(({ locations: _, ...each }) => ({
        ...each,
        architecture: "riscv",
      })),
    }));
    const { snapshot, unread } = await read();
    expect(unread).toEqual([]);
    expect(snapshot.existing.servers).toMatchObject([{ name: "a", status: "hibernating", location: undefined }]);
    expect(snapshot.serverTypes?.[0]).toMatchObject({ name: "cx23", architecture: "riscv", locations: [] });
  });

  it("F18 is asked again while its requests are used up", async () => {
    api.faults.failNext("GET /pricing", used, 2);
    const { unread, snapshot } = await read();
    expect(unread).toEqual([]);
    expect(snapshot.pricing?.currency).toBe("EUR");
    expect(api.journal.entries().filter(({ operation }) => operation === "GET /pricing")).toHaveLength(3);
  });

  it("F18 is given up at the deadline, with the time at which requests are back", async () => {
    api.faults.failNext("GET /pricing", used, 1000);
    const { unread } = await read({ deadline: 3000, pause: 2000 });
    expect(unread).toEqual([
      expect.stringMatching(
        /^prices: the project's requests to its API are used up, all of them are back at \d\d:\d\d:\d\d UTC$/,
      ),
    ]);
  });

  it("F45 is not known when nothing answers, and one sentence says so for all", async () => {
    const { unread, snapshot } = await read({ endpoint: goneEndpoint });
    expect(snapshot.existing.servers).toBeUndefined();
    expect(unread).toEqual([
      expect.stringMatching(
        /^server types, load balancer types, images, prices, servers, networks, primary IPs: 127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\)$/,
      ),
    ]);
  });

  it("F45 is given up at the deadline when it answers nothing at all, and midway in part", async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as AddressInfo;
    const { unread } = await read({ endpoint: `http://127.0.0.1:${port}`, deadline: 100 });
    silent.closeAllConnections();
    silent.close();
    expect(unread).toEqual([
      expect.stringContaining("did not answer within 0.1 s; status.hetzner.com says whether it is down"),
    ]);
    api.faults.failNext("GET /servers", { code: "unavailable", message: "down", status: 503 }, 1000);
    const partly = await read({ deadline: 3000, pause: 2000 });
    expect(partly.unread).toEqual(["servers: down (unavailable); status.hetzner.com says whether it is down"]);
    expect(partly.snapshot.serverTypes).toEqual(catalogue.serverTypes);
  });

  it("is not believed when it is no JSON, or another form", async () => {
    let text = "<html>proxy</html>";
    const page = createServer((_, response) => void response.end(text));
    await new Promise<void>((resolve) => page.listen(0, "127.0.0.1", resolve));
    const { port } = page.address() as AddressInfo;
    const { unread } = await read({ endpoint: `http://127.0.0.1:${port}` });
    text = "null";
    expect((await read({ endpoint: `http://127.0.0.1:${port}` })).unread).toEqual(unread);
    page.close();
    expect(unread).toEqual([
      expect.stringContaining(`127.0.0.1:${port} answers with what is no JSON: is that its API?`),
    ]);
    api.faults.rewrite("GET /pricing", () => ({ pricing: { currency: 7 } }));
    expect((await read({ endpoint: `${api.url}/` })).snapshot.serverTypes).toEqual(catalogue.serverTypes);
    expect((await read()).unread).toEqual([expect.stringMatching(/^prices: its answer has another form \(currency: /)]);
  });
});

describe("one answer", () => {
  async function from(answer: RequestListener): Promise<{ readonly status: number; readonly text: string }> {
    const server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const signal = AbortSignal.timeout(20_000);
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    return request(url, { headers: { "user-agent": "test" }, signal }).finally(() => {
      server.closeAllConnections();
      server.close();
    });
  }
  const packed = gzipSync(JSON.stringify({ name: "ü".repeat(1000) }));

  it("may come packed, which was asked for", async () => {
    const { text } = await from(({ headers }, response) => {
      expect(headers).toMatchObject({ "accept-encoding": "gzip", "user-agent": "test" });
      response.setHeader("content-encoding", "gzip").end(packed);
    });
    expect(JSON.parse(text)).toEqual({ name: "ü".repeat(1000) });
  });

  it.each<[what: string, answer: RequestListener, code: string]>([
    ["breaks off", (_, response) => response.write("{", () => response.destroy()), "ECONNRESET"],
    [
      "breaks off packed",
      (_, response) =>
        response.setHeader("content-encoding", "gzip").write(packed.subarray(0, 20), () => response.destroy()),
      "ECONNRESET",
    ],
    [
      "is packed otherwise than it says",
      (_, response) => response.setHeader("content-encoding", "gzip").end("{}"),
      "Z_DATA_ERROR",
    ],
    ["is no HTTP", (_, response) => response.socket?.end("SSH-2.0-OpenSSH\r\n"), "HPE_INVALID_CONSTANT"],
  ])("that %s is an error with its code", async (_, answer, code) => {
    await expect(from(answer)).rejects.toMatchObject({ code });
  });

  it("that leads elsewhere is not followed", async () => {
    const { status } = await from((_, response) => response.writeHead(302, { location: goneEndpoint }).end());
    expect(status).toBe(302);
  });
});

describe("this machine's clock", () => {
  const hour = 3_600_000;
  async function at(date: Date) {
    const server = createServer((_, response) => void response.setHeader("date", date.toUTCString()).end("{}"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { clock } = await read({ endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    server.close();
    return clock;
  }

  it("is held to Hetzner's before anything is signed by it: two days ahead, three hours behind", async () => {
    expect(await at(new Date(Date.now() - 48 * hour))).toMatch(
      /^this machine's clock is 2 days ahead of Hetzner's, and/,
    );
    expect(await at(new Date(Date.now() + 3 * hour))).toMatch(/is 3 hours behind Hetzner's, .*: set it \(/);
    const reading = { ...(await read()), clock: "it is wrong" };
    expect(verdict(planOf("dev"), { reading, now }).refusals).toEqual(["it is wrong"]);
  });

  it("may be some minutes off, and Hetzner may not say", async () => {
    expect(await at(new Date(Date.now() + hour / 2))).toBeUndefined();
    expect(await at(new Date(Number.NaN))).toBeUndefined();
    expect((await read()).clock).toBeUndefined();
    expect((await read({ endpoint: goneEndpoint })).clock).toBeUndefined();
  });

  it("is called wrong where Hetzner's own certificate is not valid by it", async () => {
    const authorities = getCACertificates("default");
    for (const [from, until] of [
      [-48, -24],
      [24, 48],
    ] as const) {
      const validity = { from: new Date(Date.now() + from * hour), until: new Date(Date.now() + until * hour) };
      const { certificate: cert, key } = await authority("api.example.com", validity);
      setDefaultCACertificates([cert]);
      const server = createTlsServer({ cert, key }, (_, response) => void response.end("{}"));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { clock } = await read({ endpoint: `https://127.0.0.1:${(server.address() as AddressInfo).port}` });
      server.close();
      setDefaultCACertificates(authorities);
      expect(clock).toMatch(
        /^the certificate of 127\.0\.0\.1:\d+ is not valid on \d{4}-\d\d-\d\d, which this machine takes/,
      );
    }
  });
});

describe("a token", () => {
  it.each([
    ["F11 of 63 characters", "a".repeat(63), "it has 63 characters, and Hetzner's tokens have 64: copy it again"],
    ["F11 of 65 characters", "a".repeat(65), "it has 65 characters, and Hetzner's tokens have 64: copy it again"],
    [
      "F11 with a line break",
      `${"a".repeat(64)}\n`,
      "it has white space in it, often a line break from a file: set it without",
    ],
  ])("%s is refused in words that do not have it", (_, given, words) => {
    expect(tokenProblem(given)).toBe(words);
    expect(words).not.toContain("aaa");
  });

  it("F11 that Hetzner does not know is a refusal with the way out, not something unchecked", async () => {
    const reading = await read({ token: "x".repeat(64) });
    const { refusals, unchecked } = verdict(planOf("dev"), { reading, now });
    expect(refusals).toEqual([
      "hcloud:token of dev: unable to authenticate (unauthorized). Hetzner does not know this token. Set a valid one: " +
        "pulumi config set --secret hcloud:token",
    ]);
    expect(unchecked.join()).not.toContain("x".repeat(64));
  });

  it("F44 that is revoked meanwhile is a refusal too, however much was read by then", async () => {
    api.faults.revoke(3);
    const { refusals } = verdict(planOf("dev"), { reading: await read(), now });
    expect(refusals).toEqual([expect.stringContaining("hcloud:token of dev: unable to authenticate (unauthorized)")]);
  });

  it("is not sent to where Hetzner's answer leads", async () => {
    const seen: string[] = [];
    const other = createServer((request, response) => {
      seen.push(request.url ?? "");
      response.end("{}");
    });
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const target = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const lead = createServer((_, response) => void response.writeHead(302, { location: target }).end());
    await new Promise<void>((resolve) => lead.listen(0, "127.0.0.1", resolve));
    const { unread } = await read({ endpoint: `http://127.0.0.1:${(lead.address() as AddressInfo).port}` });
    for (const each of [other, lead]) each.close();
    expect(unread).toHaveLength(1);
    expect(seen).toEqual([]);
  });
});
