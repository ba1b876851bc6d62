/** What is built is what is pinned: the releases of the pinned Flux, the Kubernetes of the pinned k3s. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import pins from "../../pins.json" with { type: "json" };
import { moduleFolder, releasedGoMod } from "./harness/build.ts";
import { fluxModules, tools } from "./harness/modules.ts";

describe("the modules", () => {
  it("are of the pinned Flux and k3s", () => {
    expect(fluxModules.flux2.version).toBe(`v${pins.flux.version}`);
    expect(tools.kubernetes.version).toBe(pins.k3s.version.replace(/\+k3s.*$/, ""));
  });

  it.each(fluxModules.controllers)("have $name in the version that this Flux installs", async ({ name, version }) => {
    const folder = await moduleFolder(fluxModules.flux2);
    const text = readFileSync(join(folder, "manifests/bases", name, "kustomization.yaml"), "utf8");
    expect(text).toContain(`/${name}/releases/download/${version}/`);
  });
});

describe("a released go.mod", () => {
  const text = [
    "module k8s.io/kubernetes",
    "require (",
    "\tk8s.io/api v0.0.0",
    "\tgithub.com/other/module v1.2.3",
    ")",
    "replace example.com/controller/api => ./api",
    "replace helm.sh/helm/v4 => github.com/fluxcd/helm/v4 v4.2.4-flux.1",
    "replace k8s.io/api => ./staging/src/k8s.io/api",
  ].join("\n");

  it("names released modules where the makers' repository has folders, and what is given instead of others", () => {
    const released = releasedGoMod(text, {
      version: "v1.36.3",
      instead: { "helm.sh/helm/v4": "helm.sh/helm/v4 v4.2.4" },
    });
    expect(released.trimEnd().split("\n")).toEqual([
      "module k8s.io/kubernetes",
      "require (",
      "\tk8s.io/api v0.36.3",
      "\tgithub.com/other/module v1.2.3",
      ")",
      "replace example.com/controller/api => example.com/controller/api v1.36.3",
      "replace k8s.io/api => k8s.io/api v0.36.3",
      "replace helm.sh/helm/v4 => helm.sh/helm/v4 v4.2.4",
    ]);
  });
});
