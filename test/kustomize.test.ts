import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import type { Fleet } from "../stacks/config/fleet.ts";
import { guarded, seed, treeOf, withApp } from "./fleets.ts";

/** What `flux bootstrap` writes, as far as a patch has to find it. */
const components = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: image-automation-controller
  namespace: flux-system
spec:
  template:
    spec:
      containers:
        - name: manager
          args:
            - --events-addr=http://notification-controller.flux-system.svc.cluster.local./
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: source-controller
  namespace: flux-system
spec:
  template:
    spec:
      containers:
        - name: manager
          args:
            - --log-level=info
`;

const kubectl = spawnSync("kubectl", ["version", "--client"]).status === 0;
const isOnCi = process.env["CI"] === "true";

// biome-ignore lint/suspicious/noExplicitAny: Kubernetes objects, read by tests only
type Objects = readonly any[];

let folder = "";

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function writeStages(fleet: Fleet): void {
  for (const { name } of fleet.stages) {
    const { files, placeholders } = treeOf(name, fleet);
    for (const [path, text] of Object.entries(files)) write(path, text);
    for (const path of placeholders) write(path, "");
  }
}

function build(path: string): Objects {
  const { status, stdout, stderr } = spawnSync("kubectl", ["kustomize", join(folder, path)], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout === "" ? [] : parseAllDocuments(stdout).map((document) => document.toJS());
}

const find = (objects: Objects, kind: string, name: string) =>
  objects.find((each) => each.kind === kind && each.metadata.name === name);

const names = (objects: Objects) => objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).toSorted();

it.runIf(isOnCi)("kubectl is there on CI", () => expect(kubectl).toBe(true));

describe.runIf(kubectl || isOnCi)("kubectl kustomize builds (skipped where there is no kubectl)", () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "k3s-stages-kustomize-"));
    writeStages(seed);
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  const overlays = seed.stages.flatMap((stage) => stage.apps.map((app) => ({ stage, app })));

  it.each(overlays)("apps/$app.name/$stage.name with the stage's own values", ({ stage, app }) => {
    const objects = build(`apps/${app.name}/${stage.name}`);
    const { spec } = find(objects, "Deployment", app.name);
    const [container] = spec.template.spec.containers;
    expect(spec.replicas).toBe(app.replicas);
    expect(spec.template.spec.containers).toHaveLength(1);
    expect(container.image).toBe(`${app.image}:${app.tag}`);
    const ports =
      app.base.kind === "rendered" ? [{ name: "http", containerPort: app.base.ports.container }] : undefined;
    expect(container.ports).toEqual(ports);
    expect(container.env ?? []).toEqual(Object.entries(app.env).map(([name, value]) => ({ name, value })));
    expect(container.resources).toEqual(app.resources);
    expect(new Set(objects.map(({ metadata }) => metadata.namespace))).toEqual(new Set([app.namespace]));
    for (const protocol of app.ingress) {
      const ingress = find(objects, "Ingress", `${app.name}-${protocol}`);
      expect(ingress.spec.rules.map(({ host }: { host: string }) => host)).toEqual(app.hosts[protocol]);
      const tls = protocol === "https" ? [{ hosts: app.hosts.https, secretName: `${app.name}-tls` }] : undefined;
      expect(ingress.spec.tls).toEqual(tls);
    }
  });

  it("an overlay without hosts, which has no Ingress left", () => {
    writeStages(withApp("prod", "blog", { hosts: { http: [], https: [] } }));
    expect(names(build("apps/blog/prod"))).toEqual(["Deployment blog", "Service blog"]);
    writeStages(seed);
  });

  it("an overlay whose values need quotes", () => {
    const env = { A: "yes", B: "0123", C: "1e3", D: "a: b # c", E: "line\n  line\n", F: "😀 ", G: "" };
    writeStages(withApp("prod", "blog", { env }));
    const [container] = find(build("apps/blog/prod"), "Deployment", "blog").spec.template.spec.containers;
    expect(container.env).toEqual(Object.entries(env).map(([name, value]) => ({ name, value })));
    writeStages(seed);
  });

  it("every overlay where a base is people's own, with its image and pull secret", () => {
    writeStages(guarded);
    const at = "apps/other-app/base";
    const container = { name: "web", image: "ghcr.io/acme/other-app", env: [{ name: "A", value: "b" }] };
    const spec = {
      imagePullSecrets: [{ name: "mirror" }],
      containers: [{ name: "sidecar", image: "sidecar" }, container],
    };
    const deployment = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "other-app" } };
    write(`${at}/deployment.yaml`, JSON.stringify({ ...deployment, spec: { template: { spec } } }));
    write(`${at}/kustomization.yaml`, JSON.stringify({ resources: ["deployment.yaml"] }));
    const built = find(build("apps/other-app/prod"), "Deployment", "other-app").spec.template.spec;
    expect(built.containers.find(({ name }: { name: string }) => name === "web")).toEqual({
      ...container,
      image: "ghcr.io/acme/other-app:v0.3.8",
    });
    expect(built.containers).toHaveLength(2);
    for (const { name, path } of guarded.stages) {
      for (const app of ["blog", "other-app", "second-other-app"]) expect(build(`apps/${app}/${name}`)).not.toEqual([]);
      expect(build(`${path}/infrastructure/image-updater`)).toHaveLength(10);
    }
    expect(built.imagePullSecrets.map(({ name }: { name: string }) => name).toSorted()).toEqual(["mirror", "registry"]);
    writeStages(seed);
  });

  const roots = [
    "Kustomization blog",
    "Kustomization charts",
    "Kustomization image-updater",
    "Kustomization infrastructure",
    "Kustomization issuers",
    "Kustomization other-app",
    "Kustomization second-other-app",
  ];

  it.each(seed.stages)("$path before flux bootstrap, without Flux", ({ path }) => {
    expect(build(`${path}/flux-system`)).toEqual([]);
    expect(names(build(path))).toEqual(roots);
  });

  it.each(seed.stages)("$path while flux bootstrap has written the components only, and after it", ({ path }) => {
    write(`${path}/flux-system/gotk-components.yaml`, components);
    const deployments = ["Deployment image-automation-controller", "Deployment source-controller"];
    expect(names(build(`${path}/flux-system`))).toEqual(deployments);
    write(`${path}/flux-system/gotk-sync.yaml`, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: sync\n");
    expect(names(build(path))).toEqual(["ConfigMap sync", ...deployments, ...roots]);
  });

  it("patches the retry limit of image automation, and of nothing else", () => {
    write("clusters/production/flux-system/gotk-components.yaml", components);
    const objects = build("clusters/production/flux-system");
    const args = (name: string) => find(objects, "Deployment", name).spec.template.spec.containers[0].args;
    expect(args("image-automation-controller")).toContain("--max-retry-delay=2m");
    expect(args("source-controller")).toEqual(["--log-level=info"]);
  });

  it.each(seed.stages)("$path/infrastructure, the namespaces alone", ({ path }) => {
    expect(names(build(`${path}/infrastructure`))).toEqual([
      "Namespace blog",
      "Namespace cert-manager",
      "Namespace other-app",
      "Namespace second",
    ]);
  });

  it.each(seed.stages)("$path/infrastructure/image-updater, in the apps' namespaces", ({ path, apps, name }) => {
    const objects = build(`${path}/infrastructure/image-updater`);
    const images = apps.flatMap((app) => [
      `ImagePolicy ${app.namespace}/${app.name}-${name}`,
      `ImageRepository ${app.namespace}/${app.name}`,
      `ImageUpdateAutomation ${app.namespace}/${app.name}-${name}`,
    ]);
    const found = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`);
    expect(found.toSorted()).toEqual(["GitRepository flux-system/flux-system-write", ...images].toSorted());
  });
});
