import { readdirSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { ConfigError } from "../stacks/config/error.ts";
import type { App, Fleet } from "../stacks/config/fleet.ts";
import { resolve } from "../stacks/config/resolve.ts";
import { render } from "../stacks/gitops/render.ts";
import { ofKind, seed, treeOf, trees, versions, withApp, withStage } from "./fleets.ts";
import { seedSources } from "./sources.ts";

const golden = join(import.meta.dirname, "golden");
const stages = seed.stages.map(({ name }) => name);

describe.each(stages)("the tree of %s", (stage) => {
  const { files } = treeOf(stage);

  it.each(Object.keys(files))("%s", async (path) => {
    await expect(files[path]).toMatchFileSnapshot(join(golden, stage, path));
  });

  it("has no file more and none less", () => {
    const entries = readdirSync(join(golden, stage), { recursive: true, withFileTypes: true });
    const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    expect(paths.map((path) => path.slice(join(golden, stage).length + 1)).toSorted()).toEqual(Object.keys(files));
  });
});

/** The same value with the keys of every mapping in another order. */
function reordered<T>(value: T, swap: (keys: string[]) => string[]): T {
  if (Array.isArray(value)) return value.map((item) => reordered(item, swap)) as T;
  if (typeof value !== "object" || value === null) return value;
  const keys = swap(Object.keys(value));
  return Object.fromEntries(keys.map((key) => [key, reordered(Reflect.get(value, key), swap)])) as T;
}

describe("same input, same bytes", () => {
  const env = fc.dictionary(fc.stringMatching(/^[A-Z_]{1,6}$/), fc.string(), { maxKeys: 5 });
  const quantities = fc.dictionary(fc.constantFrom("cpu", "memory", "ephemeral-storage"), fc.constantFrom("1", "100m"));

  it("renders twice alike", () => expect(treeOf("prod")).toEqual(treeOf("prod")));

  it("does not depend on the order in which keys were written", () => {
    fc.assert(
      fc.property(env, quantities, fc.func(fc.nat()), (variables, requests, rank) => {
        const fleet = withApp("prod", "blog", { env: variables, resources: { requests, limits: requests } });
        const other = reordered(fleet, (keys) => keys.toSorted((a, b) => rank(a) - rank(b)));
        expect(JSON.stringify(treeOf("prod", other))).toBe(JSON.stringify(treeOf("prod", fleet)));
      }),
      { numRuns: 50 },
    );
  });

  it("shares a base: every stage renders the same bytes, whatever is its own", () => {
    const own: Partial<App> = { tag: "v9.9.9", replicas: 9, env: { A: "b" }, hosts: { http: [], https: [] } };
    const texts = [treeOf("prod", withApp("prod", "blog", own)), ...trees.map(({ tree }) => tree)].map(({ files }) =>
      Object.entries(files).filter(([path]) => path.startsWith("apps/blog/base/")),
    );
    expect(texts[0]).toHaveLength(5);
    for (const text of texts) expect(text).toEqual(texts[0]);
  });
});

describe("versions", () => {
  it.each(["2.7.0", "2.8.1", "2.9.4"])("Flux %s is rendered for (rule 1)", (flux) => {
    expect(Object.keys(render(seed, "prod", { ...versions, flux }).files)).toEqual(Object.keys(treeOf("prod").files));
  });

  it.each(["2.6.4", "2.10.0", "3.0.0", "main"])(
    "Flux %s is refused, with the ones that are supported (rule 1)",
    (flux) => {
      expect(() => render(seed, "prod", { ...versions, flux })).toThrow(
        new ConfigError(`Files cannot be rendered for Flux ${flux}; pin one of 2.7, 2.8, 2.9.`),
      );
    },
  );

  it("an unknown stage is refused, with the ones there are", () => {
    expect(() => treeOf("production")).toThrow(
      new ConfigError("There is no stage production; Pulumi.yaml has dev, stage, prod."),
    );
  });

  it.each([
    ["ImageRepository", "image.toolkit.fluxcd.io/v1"],
    ["ImagePolicy", "image.toolkit.fluxcd.io/v1"],
    ["ImageUpdateAutomation", "image.toolkit.fluxcd.io/v1"],
    ["GitRepository", "source.toolkit.fluxcd.io/v1"],
  ])("%s is %s only (rule 1)", (kind, apiVersion) => {
    expect(ofKind(kind).length).toBeGreaterThan(0);
    expect(new Set(ofKind(kind).map(({ object }) => object.apiVersion))).toEqual(new Set([apiVersion]));
  });
});

describe("what an app may leave out", () => {
  const fileOf = (fleet: Fleet, path: string) =>
    parseAllDocuments(treeOf("prod", fleet).files[path] ?? "").map((document) => document.toJS())[0];

  it("a stage without hosts for a protocol drops that Ingress", () => {
    const fleet = withApp("prod", "blog", { hosts: { http: [], https: ["blog.example.com"] } });
    expect(fileOf(fleet, "apps/blog/prod/ingress-http-patch.yaml")).toMatchObject({
      $patch: "delete",
      kind: "Ingress",
      metadata: { name: "blog-http" },
    });
    expect(fileOf(fleet, "apps/blog/prod/ingress-https-patch.yaml").spec.tls).toEqual([
      { hosts: ["blog.example.com"], secretName: "blog-tls" },
    ]);
  });

  it("an app without Ingress has no file for one", () => {
    const paths = Object.keys(treeOf("prod", withApp("prod", "blog", { ingress: [] })).files);
    expect(paths.filter((path) => path.startsWith("apps/blog/") && path.includes("ingress"))).toEqual([]);
  });

  it("the order of protocols is the renderer's", () => {
    const fleet = withApp("prod", "blog", { ingress: ["https", "http"] });
    expect(treeOf("prod", fleet)).toEqual(treeOf("prod"));
  });

  it("without an issuer nobody is asked for a certificate", () => {
    const fleet = withApp("prod", "blog", { issuer: undefined });
    const { annotations } = fileOf(fleet, "apps/blog/base/ingress-https.yaml").metadata;
    expect(Object.keys(annotations).filter((key) => key.startsWith("cert-manager"))).toEqual([]);
  });

  const containerOf = (keys: { readonly [key: string]: unknown }) => {
    const edits = Object.entries(keys).map(([key, value]) => [`apps.blog.${key}`, value]);
    const fleet = resolve(seedSources({ "Pulumi.yaml": Object.fromEntries(edits) }));
    const pod = fileOf(fleet, "apps/blog/base/deployment.yaml").spec.template.spec;
    return { pod: pod.securityContext, ...pod.containers[0] };
  };

  it("an image that runs as root may, under security: baseline, and escalates no further", () => {
    expect(containerOf({ security: "baseline" })).toMatchObject({
      pod: { seccompProfile: { type: "RuntimeDefault" } },
      securityContext: { allowPrivilegeEscalation: false },
    });
    expect(containerOf({ security: "baseline" }).pod).not.toHaveProperty("runAsNonRoot");
    expect(containerOf({ security: "baseline" }).securityContext).not.toHaveProperty("capabilities");
  });

  it("an image whose user has no number gets one by user", () => {
    expect(containerOf({ user: 1000 }).pod).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 });
  });

  it("probes ask over http where they have a path, else for a connection, as often as was said", () => {
    const startup = { failureThreshold: 60, periodSeconds: 2 };
    expect(containerOf({ probes: { readiness: { path: "/healthz?full" }, startup } })).toMatchObject({
      readinessProbe: { httpGet: { path: "/healthz?full", port: "http" } },
      startupProbe: { tcpSocket: { port: "http" }, ...startup },
    });
    expect(containerOf({ probes: { liveness: { path: "/live", timeoutSeconds: 3 } } })).toMatchObject({
      readinessProbe: { tcpSocket: { port: "http" } },
      livenessProbe: { httpGet: { path: "/live", port: "http" }, timeoutSeconds: 3 },
    });
  });

  it("without an age key nothing is decrypted (rule 34)", () => {
    const fleet = { ...seed, repository: { ...seed.repository, decryption: undefined } };
    expect(Object.values(treeOf("prod", fleet).files).filter((text) => text.includes("decryption"))).toEqual([]);
  });

  it("a stage with neither apps nor infrastructure has Flux alone", () => {
    const { files } = treeOf(
      "prod",
      withStage("prod", ({ infrastructure }) => ({
        apps: [],
        infrastructure: { ...infrastructure, charts: [], acme: undefined },
      })),
    );
    expect(Object.keys(files)).toEqual([
      "clusters/production/flux-system/kustomization.yaml",
      "clusters/production/kustomization.yaml",
    ]);
    expect(files["clusters/production/kustomization.yaml"]).not.toContain("infrastructure");
  });
});
