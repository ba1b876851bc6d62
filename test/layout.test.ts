import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { all, objectsOf, treeOf, trees, withApp } from "./fleets.ts";

const syncs = all.filter(({ object }) => /^kustomize\.toolkit/.test(object.apiVersion));
const folders = all.filter(({ object }) => /^kustomize\.config/.test(object.apiVersion));

describe("kustomize folders", () => {
  it("never set an image beside a marked line (rule 17)", () => {
    expect(folders.filter(({ object }) => "images" in object)).toEqual([]);
  });

  it("patch by files that Flux's setter reads, never JSON 6902 (rule 16)", () => {
    const overlays = folders.filter(({ path }) => path.startsWith("apps/") && !path.includes("/base/"));
    const patches = overlays.flatMap(({ object }) => object.patches);
    expect(overlays).toHaveLength(9);
    expect(patches.filter((patch) => Object.keys(patch).join() !== "path")).toEqual([]);
  });

  it("set a namespace on overlays only, which hold neither Namespaces nor objects of Flux (rule 28)", () => {
    const set = folders.filter(({ object }) => "namespace" in object).map(({ path }) => path);
    expect(set.every((path) => path.startsWith("apps/"))).toBe(true);
    const foreign = all.filter(({ kind, object }) => kind === "Namespace" || /fluxcd/.test(object.apiVersion));
    expect(foreign.filter(({ path }) => path.startsWith("apps/"))).toEqual([]);
  });

  it("list files that exist, and every file is listed once in its stage", () => {
    for (const { tree } of trees) {
      const present = new Set([...Object.keys(tree.files), ...tree.placeholders]);
      const listed = objectsOf(tree)
        .filter(({ object }) => /^kustomize\.config/.test(object.apiVersion))
        .flatMap(({ path, object }) => {
          const entries = [
            ...object.resources,
            ...(object.patches ?? []).flatMap((patch: { path?: string }) => patch.path ?? []),
          ];
          return entries.map((entry: string) => join(path, "..", entry));
        })
        .map((path) => (present.has(path) ? path : `${path}/kustomization.yaml`));
      const rest = [...present].filter((path) => !listed.includes(path)).toSorted();
      expect(listed.filter((path) => !present.has(path))).toEqual([]);
      expect(new Set(listed).size).toBe(listed.length);
      expect(rest).toEqual(
        objectsOf(tree)
          .filter(({ object }) => /^kustomize\.toolkit/.test(object.apiVersion))
          .map(({ object }) => `${object.spec.path.slice(2)}/kustomization.yaml`)
          .concat(`${tree.placeholders[0]?.split("/flux-system/")[0]}/kustomization.yaml`)
          .toSorted(),
      );
    }
  });
});

describe.each(trees)("the cluster folder of $stage.name", ({ stage, tree, objects }) => {
  const at = (path: string) => objects.find((each) => each.path === `${stage.path}/${path}`)?.object;

  it("lists flux-system and the Flux Kustomizations one by one (rule 31)", () => {
    expect(at("kustomization.yaml").resources).toEqual([
      "flux-system",
      "infrastructure.yaml",
      "image-updater.yaml",
      "charts.yaml",
      "issuers.yaml",
      "apps/blog.yaml",
      "apps/other-app.yaml",
      "apps/second-other-app.yaml",
    ]);
  });

  it("leaves the files of flux bootstrap to it (rule 32)", () => {
    const gotk = ["gotk-components.yaml", "gotk-sync.yaml"];
    expect(tree.placeholders).toEqual(gotk.map((file) => `${stage.path}/flux-system/${file}`));
    expect(at("flux-system/kustomization.yaml").resources).toEqual(gotk);
    expect(Object.keys(tree.files).filter((path) => path.includes("gotk-"))).toEqual([]);
  });

  it("lets a push that lost a race retry within minutes (rule 21)", () => {
    const [{ target, patch }] = at("flux-system/kustomization.yaml").patches;
    expect(target).toEqual({ kind: "Deployment", name: "image-automation-controller" });
    expect(patch).toContain("--max-retry-delay=2m");
  });

  it("holds every path of its own (rule 33)", () => {
    const elsewhere = trees.filter((other) => other.stage !== stage).flatMap((other) => Object.keys(other.tree.files));
    const own = Object.keys(tree.files).filter((path) => !path.includes("/base/"));
    expect(own.filter((path) => elsewhere.includes(path))).toEqual([]);
  });
});

describe.each(syncs)("the Flux Kustomization $object.metadata.name of $stage.name", ({ stage, object }) => {
  const { metadata, spec } = object;
  const app = stage.apps.find(({ name }) => name === metadata.name);

  it("prunes, retries soon and gives up in time (rule 30)", () => {
    expect(spec).toMatchObject({ prune: true, interval: "5m", retryInterval: "1m", timeout: "5m" });
  });

  it("waits for health, except the image updater, whose policies may have no tag yet (rule 30)", () => {
    expect(spec.wait).toBe(metadata.name !== "image-updater");
  });

  it("comes after the namespaces (rule 27)", () => {
    const first = metadata.name === "issuers" ? "charts" : "infrastructure";
    expect(spec.dependsOn).toEqual(metadata.name === "infrastructure" ? undefined : [{ name: first }]);
  });

  it("sets a namespace for an app's own objects only (rule 28)", () => {
    expect(spec.targetNamespace).toBe(app?.namespace);
  });

  it("decrypts wherever files may be encrypted (rule 34)", () => {
    const decryption = { provider: "sops", secretRef: { name: "sops-age" } };
    const onlyOurs = ["image-updater", "charts", "issuers"];
    expect(spec.decryption).toEqual(onlyOurs.includes(metadata.name) ? undefined : decryption);
  });

  it("follows bootstrap's source to a folder that exists", () => {
    expect(spec.sourceRef).toEqual({ kind: "GitRepository", name: "flux-system" });
    expect(Object.keys(treeOf(stage.name).files)).toContain(`${spec.path.slice(2)}/kustomization.yaml`);
  });
});

describe("namespaces", () => {
  it.each(trees)(
    "of $stage.name: one for each that an object is in, never pruned (rules 27, 30)",
    ({ stage, objects }) => {
      const namespaces = objects.filter(({ kind }) => kind === "Namespace");
      const used = objects.flatMap(({ object }) => object.metadata?.namespace ?? []);
      expect(namespaces.map(({ object }) => object.metadata.name)).toEqual([
        "blog",
        "cert-manager",
        "other-app",
        "second",
      ]);
      expect(new Set(used)).toEqual(new Set(["blog", "cert-manager", "other-app", "second", "flux-system"]));
      for (const { object, path } of namespaces) {
        expect(object.metadata.annotations).toEqual({ "kustomize.toolkit.fluxcd.io/prune": "disabled" });
        expect(path).toBe(`${stage.path}/infrastructure/namespaces.yaml`);
      }
    },
  );

  it("are there once when two apps share one", () => {
    const fleet = withApp("dev", "other-app", { namespace: "blog" });
    const found = objectsOf(treeOf("dev", fleet)).filter(({ kind }) => kind === "Namespace");
    expect(found.map(({ object }) => object.metadata.name)).toEqual(["blog", "cert-manager", "second"]);
  });
});
