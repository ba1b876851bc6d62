import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Registry, startRegistry } from "../sandbox/registry/server.ts";

const root = mkdtempSync(join(tmpdir(), "k3s-stages-registry-"));
const stateFile = join(root, "registry.json");
let registry: Registry;

beforeAll(async () => {
  registry = await startRegistry({ stateFile });
  for (const tag of ["v1.0.0", "v1.0.1", "v1.0.2"]) await registry.pushTag("acme/blog", tag);
});

afterAll(async () => {
  await registry.close();
  rmSync(root, { recursive: true });
});

const get = (path: string, init?: RequestInit) => fetch(`${registry.url}${path}`, init);

describe("the sandbox's registry (OCI distribution specification 1.1)", () => {
  it("answers the version check", async () => {
    expect((await get("/v2/")).status).toBe(200);
  });

  it("lists tags in order, page by page", async () => {
    const first = await get("/v2/acme/blog/tags/list?n=2");
    expect(await first.json()).toEqual({ name: "acme/blog", tags: ["v1.0.0", "v1.0.1"] });
    const next = /<(.+)>; rel="next"/.exec(first.headers.get("link") ?? "")?.[1] ?? "";
    const last = await get(next);
    expect(await last.json()).toEqual({ name: "acme/blog", tags: ["v1.0.2"] });
    expect(last.headers.get("link")).toBeNull();
  });

  it("gives a manifest by tag and by digest, and its head without a body", async () => {
    const byTag = await get("/v2/acme/blog/manifests/v1.0.1");
    const digest = byTag.headers.get("docker-content-digest") ?? "";
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await (await get(`/v2/acme/blog/manifests/${digest}`)).text()).toBe(await byTag.text());
    const head = await get("/v2/acme/blog/manifests/v1.0.1", { method: "HEAD" });
    expect([head.status, head.headers.get("docker-content-digest"), await head.text()]).toEqual([200, digest, ""]);
  });

  it("gives different images different digests", async () => {
    const digests = ["v1.0.0", "v1.0.1"].map(async (tag) =>
      (await get(`/v2/acme/blog/manifests/${tag}`)).headers.get("docker-content-digest"),
    );
    expect(new Set(await Promise.all(digests)).size).toBe(2);
  });

  it.each([
    ["/v2/acme/other/tags/list", "NAME_UNKNOWN"],
    ["/v2/acme/blog/manifests/v9.9.9", "MANIFEST_UNKNOWN"],
    ["/v2/acme/blog/referrers/x", "UNSUPPORTED"],
  ])("answers %s with %s", async (path, code) => {
    const response = await get(path);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ errors: [{ code }] });
  });

  it("refuses a manifest whose blobs were not uploaded", async () => {
    const config = { digest: `sha256:${"0".repeat(64)}` };
    const body = JSON.stringify({ schemaVersion: 2, config, layers: [] });
    const response = await get("/v2/acme/blog/manifests/broken", { method: "PUT", body });
    expect(await response.json()).toMatchObject({ errors: [{ code: "MANIFEST_BLOB_UNKNOWN" }] });
  });

  it("refuses bytes that are not what their digest says", async () => {
    const url = `/v2/acme/blog/blobs/uploads/1?digest=sha256:${"0".repeat(64)}`;
    expect((await get(url, { method: "PUT", body: "something" })).status).toBe(400);
  });

  it("still has everything after a restart", async () => {
    await registry.close();
    registry = await startRegistry({ stateFile });
    expect(await (await get("/v2/acme/blog/tags/list")).json()).toMatchObject({ tags: ["v1.0.0", "v1.0.1", "v1.0.2"] });
  });
});
