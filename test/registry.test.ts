import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Registry, startRegistry } from "../sandbox/registry/server.ts";

const root = mkdtempSync(join(tmpdir(), "registry-"));
let registry: Registry;
beforeAll(async () => {
  registry = await startRegistry();
  for (const tag of ["v1.0.2", "v1.0.0", "v1.0.1"]) await registry.pushTag("acme/blog", tag);
});
afterAll(async () => {
  await registry.close();
  rmSync(root, { recursive: true, force: true });
});

const get = (path: string, init?: RequestInit) => fetch(new URL(path, registry.url), init);
const errorOf = async (response: Response) => {
  const { errors } = (await response.json()) as { errors: { code: string }[] };
  return [response.status, errors[0]?.code];
};
const digestOf = (bytes: string | Buffer) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const manifestType = "application/vnd.oci.image.manifest.v1+json";

describe("listing tags", () => {
  const list = async (query: string) => {
    const response = await get(`/v2/acme/blog/tags/list${query}`);
    const { tags } = (await response.json()) as { tags: string[] };
    return { tags, link: response.headers.get("link") };
  };

  it("gives all in order, and no link, when nobody asks for pages", async () => {
    expect(await list("")).toEqual({ tags: ["v1.0.0", "v1.0.1", "v1.0.2"], link: null });
    expect(registry.tags("acme/blog")).toEqual(["v1.0.0", "v1.0.1", "v1.0.2"]);
  });

  it("leads through all pages by links, and ends without one", async () => {
    const first = await list("?n=2");
    expect(first).toEqual({
      tags: ["v1.0.0", "v1.0.1"],
      link: '</v2/acme/blog/tags/list?n=2&last=v1.0.1>; rel="next"',
    });
    expect(await list("?n=2&last=v1.0.1")).toEqual({ tags: ["v1.0.2"], link: null });
  });

  it("goes on after a tag that is gone", async () => {
    expect((await list("?last=v1.0.0-gone")).tags).toEqual(["v1.0.1", "v1.0.2"]);
  });

  it("gives an empty list for n=0", async () => expect(await list("?n=0")).toEqual({ tags: [], link: null }));

  it("orders without regard to case", async () => {
    for (const tag of ["b", "A", "C"]) await registry.pushTag("acme/case", tag);
    expect(registry.tags("acme/case")).toEqual(["A", "b", "C"]);
  });
});

describe("an image", () => {
  it("has the same content by tag and by digest, with its type and its digest in the head", async () => {
    const byTag = await get("/v2/acme/blog/manifests/v1.0.1");
    const text = await byTag.text();
    expect(byTag.headers.get("content-type")).toBe(manifestType);
    expect(byTag.headers.get("docker-content-digest")).toBe(digestOf(text));
    expect(await (await get(`/v2/acme/blog/manifests/${digestOf(text)}`)).text()).toBe(text);
    const head = await get("/v2/acme/blog/manifests/v1.0.1", { method: "HEAD" });
    expect(head.headers.get("docker-content-digest")).toBe(digestOf(text));
    expect(head.headers.get("content-length")).toBe(String(text.length));
    expect(await head.text()).toBe("");
  });

  it("names blobs of the size and digest that they have, down to the unpacked layer", async () => {
    const manifest = await (await get("/v2/acme/blog/manifests/v1.0.1")).json();
    const { config, layers } = manifest as {
      config: { digest: string; size: number };
      layers: [{ digest: string; size: number }];
    };
    const blob = async (digest: string) =>
      Buffer.from(await (await get(`/v2/acme/blog/blobs/${digest}`)).arrayBuffer());
    const [configured, layer] = [await blob(config.digest), await blob(layers[0].digest)];
    expect([digestOf(configured), configured.length]).toEqual([config.digest, config.size]);
    expect([digestOf(layer), layer.length]).toEqual([layers[0].digest, layers[0].size]);
    expect(JSON.parse(configured.toString())).toMatchObject({ rootfs: { diff_ids: [digestOf(gunzipSync(layer))] } });
  });

  it("is another one for another tag, and the same one when pushed again", async () => {
    const digest = async (tag: string) =>
      (await get(`/v2/acme/blog/manifests/${tag}`)).headers.get("docker-content-digest");
    const before = await digest("v1.0.0");
    expect(await digest("v1.0.2")).not.toBe(before);
    await registry.pushTag("acme/blog", "v1.0.0");
    expect(await digest("v1.0.0")).toBe(before);
  });
});

describe("pushing", () => {
  const begin = async () =>
    (await get("/v2/acme/push/blobs/uploads/", { method: "POST" })).headers.get("location") ?? "";
  const finish = (place: string, digest: string, body?: string) =>
    get(`${place}?digest=${digest}`, { method: "PUT", body: body ?? null });

  it("takes a blob in parts, and gives it back whole", async () => {
    const place = await begin();
    const part = (body: string, range: string) =>
      get(place, { method: "PATCH", headers: { "content-range": range }, body });
    const first = await part("one ", "0-3");
    expect([first.status, first.headers.get("range"), first.headers.get("location")]).toEqual([202, "0-3", place]);
    expect((await part("gap", "9-11")).status).toBe(416);
    expect((await part("two", "4-6")).headers.get("range")).toBe("0-6");
    const done = await finish(place, digestOf("one two"));
    expect([done.status, done.headers.get("docker-content-digest")]).toEqual([201, digestOf("one two")]);
    expect(await (await get(done.headers.get("location") ?? "")).text()).toBe("one two");
  });

  it("takes a blob in one request", async () => {
    const path = `/v2/acme/push/blobs/uploads/?digest=${digestOf("single")}`;
    expect((await get(path, { method: "POST", body: "single" })).status).toBe(201);
    expect(
      (await get(`/v2/acme/push/blobs/${digestOf("single")}`, { method: "HEAD" })).headers.get("content-length"),
    ).toBe("6");
  });

  it("refuses bytes that are not what their digest says, and keeps nothing of them", async () => {
    expect(await errorOf(await finish(await begin(), digestOf("expected"), "other"))).toEqual([400, "DIGEST_INVALID"]);
    expect((await get(`/v2/acme/push/blobs/${digestOf("other")}`)).status).toBe(404);
  });

  it.each([
    ["JSON it cannot read", "{", "MANIFEST_INVALID"],
    [
      "an image whose blobs are not there",
      { config: { digest: digestOf("absent") }, layers: [] },
      "MANIFEST_BLOB_UNKNOWN",
    ],
    ["an index whose images are not there", { manifests: [{ digest: digestOf("absent") }] }, "MANIFEST_BLOB_UNKNOWN"],
  ])("refuses %s", async (_, manifest, code) => {
    const body = typeof manifest === "string" ? manifest : JSON.stringify(manifest);
    const headers = { "content-type": manifestType };
    const response = await get("/v2/acme/refused/manifests/v1", { method: "PUT", headers, body });
    expect(await errorOf(response)).toEqual([400, code]);
    expect(registry.tags("acme/refused")).toEqual([]);
  });
});

it("answers the version check", async () => expect((await get("/v2/")).status).toBe(200));

it.each([
  ["GET /v2/acme/other/tags/list", 404, "NAME_UNKNOWN"],
  ["GET /v2/acme/blog/tags/list?n=many", 400, "PAGINATION_NUMBER_INVALID"],
  ["GET /v2/acme/blog/manifests/v9.9.9", 404, "MANIFEST_UNKNOWN"],
  [`GET /v2/acme/blog/blobs/${digestOf("absent")}`, 404, "BLOB_UNKNOWN"],
  ["PATCH /v2/acme/blog/blobs/uploads/none", 404, "BLOB_UPLOAD_UNKNOWN"],
  ["DELETE /v2/acme/blog/manifests/v1.0.0", 405, "UNSUPPORTED"],
  ["GET /v2/acme/blog/referrers/x", 404, "UNSUPPORTED"],
])("answers %s with %i %s in the error envelope", async (line, status, code) => {
  const [method = "", path = ""] = line.split(" ");
  expect(await errorOf(await get(path, { method }))).toEqual([status, code]);
});

it("still has everything after a restart, in one file", async () => {
  const stateFile = join(root, "registry.json");
  const first = await startRegistry({ stateFile });
  await first.pushTag("acme/blog", "v1.0.0");
  const before = await (await fetch(`${first.url}/v2/acme/blog/manifests/v1.0.0`)).text();
  await first.close();
  const second = await startRegistry({ stateFile });
  const after = await fetch(`${second.url}/v2/acme/blog/manifests/v1.0.0`);
  expect([after.headers.get("content-type"), await after.text()]).toEqual([manifestType, before]);
  expect(second.tags("acme/blog")).toEqual(["v1.0.0"]);
  await second.close();
  expect(readdirSync(root)).toEqual(["registry.json"]);
});
