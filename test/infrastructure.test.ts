import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { clusterObjects } from "../sandbox/flux/cluster-objects.ts";
import { resolve } from "../stacks/config/resolve.ts";
import { merged } from "../stacks/config/resolve-infrastructure.ts";
import { everything } from "./everything.ts";
import { objectsOf, treeOf } from "./fleets.ts";
import { seedSources } from "./sources.ts";

const fleet = resolve(seedSources(everything));
const tree = treeOf("prod", fleet);
const objects = objectsOf(tree);
const gotk = Object.fromEntries(tree.placeholders.map((path) => [path, ""]));
const kind = (name: string) => objects.filter((each) => each.kind === name).map(({ object }) => object);
const named = (kindName: string, name: string) => kind(kindName).find(({ metadata }) => metadata?.name === name);
const sync = (name: string) =>
  objects.find(({ object }) => /^kustomize\.toolkit/.test(object.apiVersion) && object.metadata.name === name)?.object;

describe("k3s's own Traefik", () => {
  const argument = "--entryPoints.web.http.redirections.entryPoint.to=:443";
  const shared = {
    "infrastructure.traefik": { values: { deployment: { replicas: 1 }, additionalArguments: [argument] } },
  };
  const own = { charts: { traefik: { values: { deployment: { replicas: 2 } } } } };
  const values = resolve(seedSources({ "Pulumi.yaml": shared, "Pulumi.prod.yaml": own }));
  const config = (stage: string) =>
    objectsOf(treeOf(stage, values)).find((each) => each.kind === "HelmChartConfig")?.object;

  it("gets the shared values and the stage's, by the object that k3s merges into its release", () => {
    expect(config("prod")).toEqual({
      apiVersion: "helm.cattle.io/v1",
      kind: "HelmChartConfig",
      metadata: { name: "traefik", namespace: "kube-system" },
      spec: { valuesContent: `additionalArguments:\n  - '${argument}'\ndeployment:\n  replicas: 2\n` },
    });
    expect(config("dev").spec.valuesContent).toContain("replicas: 1");
  });

  it("is left alone where nothing was said", () => {
    expect(objectsOf(treeOf("prod")).map(({ object }) => object.kind)).not.toContain("HelmChartConfig");
  });

  it("is a file of the charts, which lists it", () => {
    const { files } = treeOf("prod", values);
    expect(files["clusters/production/infrastructure/charts/kustomization.yaml"]).toContain("- traefik.yaml");
  });
});

describe("charts", () => {
  it("come from a Helm repository by name and version, or from a registry by tag", () => {
    expect(named("HelmRepository", "redis")).toMatchObject({
      apiVersion: "source.toolkit.fluxcd.io/v1",
      metadata: { namespace: "redis" },
      spec: { url: "https://charts.example.com" },
    });
    expect(named("HelmRelease", "redis").spec.chart.spec).toEqual({
      chart: "redis",
      version: "1.2.3",
      sourceRef: { kind: "HelmRepository", name: "redis" },
      interval: "1h",
    });
    expect(named("OCIRepository", "queue").spec).toMatchObject({
      url: "oci://ghcr.io/acme/charts/queue",
      ref: { tag: "2.0.0" },
    });
    expect(named("HelmRelease", "queue").spec).toMatchObject({ chartRef: { kind: "OCIRepository", name: "queue" } });
  });

  it("wait for the charts they depend on, in those charts' namespaces", () => {
    expect(named("HelmRelease", "queue").spec.dependsOn).toEqual([{ name: "redis", namespace: "redis" }]);
  });

  it("run in the stages that were named, and everywhere else nothing of them is there", () => {
    const charts = { redis: { url: "https://charts.example.com", version: "1.2.3", stages: ["prod"] } };
    const some = resolve(seedSources({ "Pulumi.yaml": { "infrastructure.charts": charts } }));
    const texts = ["dev", "prod"].map((stage) => JSON.stringify(treeOf(stage, some).files));
    expect(texts.map((text) => text.includes("redis"))).toEqual([false, true]);
  });

  it("have the stage's values over the shared ones: mappings merged, lists replaced", () => {
    const values = { auth: { enabled: true, users: ["c"] }, replicas: 3 };
    expect(named("HelmRelease", "redis").spec.values).toEqual(values);
    const dev = objectsOf(treeOf("dev", fleet)).find(({ path }) => path.endsWith("charts/redis.yaml"));
    expect(dev?.text).toContain("replicas: 1");
  });

  it("let a null remove a shared value, which is Helm's own way", () => {
    expect(merged({ a: { b: 1 }, c: 2 }, { a: null })).toEqual({ a: null, c: 2 });
  });

  it("of the CSI driver reach the metadata service from the node, and know the location without it", () => {
    const { metadata, spec } = named("HelmRelease", "hcloud-csi");
    expect(metadata.namespace).toBe("kube-system");
    expect(spec.values).toEqual({
      controller: { hcloudVolumeDefaultLocation: "nbg1" },
      node: { hostNetwork: true, kubeletDir: "/var/lib/kubelet" },
    });
    expect(kind("Namespace").map(({ metadata: { name } }) => name)).not.toContain("kube-system");
  });

  it("can be pinned to another version than the typed default's", () => {
    const other = resolve(seedSources({ "Pulumi.yaml": { "infrastructure.cert-manager.version": "v1.22.0" } }));
    const text = treeOf("prod", other).files["clusters/production/infrastructure/charts/cert-manager.yaml"];
    expect(text).toContain("tag: v1.22.0\n");
  });

  it("render alike whatever the order of their keys, which Pulumi changes", () => {
    const reversed = resolve(
      seedSources({
        ...everything,
        "Pulumi.prod.yaml": {
          ...everything["Pulumi.prod.yaml"],
          charts: {
            redis: { values: { auth: { users: ["c"] }, replicas: 3 } },
            traefik: { values: { deployment: { replicas: 3 } } },
          },
        },
      }),
    );
    expect(treeOf("prod", reversed)).toEqual(tree);
  });
});

describe("order", () => {
  it("lets no app wait for anything but the namespaces", () => {
    const waits = fleet.stages[2]?.apps.map(({ name }) => sync(name).spec.dependsOn);
    expect(waits).toEqual([[{ name: "infrastructure" }], [{ name: "infrastructure" }], [{ name: "infrastructure" }]]);
  });

  it("brings issuers after the charts, whose kinds they need", () => {
    expect(sync("issuers").spec).toMatchObject({ dependsOn: [{ name: "charts" }], wait: true });
    expect(kind("ClusterIssuer").map(({ metadata }) => metadata.name)).toEqual(["letsencrypt", "letsencrypt-staging"]);
  });

  it("lets nothing wait for notifications", () => {
    const waited = kind("Kustomization").flatMap(({ spec }) => spec?.dependsOn ?? []);
    expect(waited).not.toContainEqual({ name: "notifications" });
    expect(sync("notifications").spec).toMatchObject({ dependsOn: [{ name: "infrastructure" }], wait: false });
  });

  it("has the namespaces of charts and folders before them", () => {
    const names = kind("Namespace").map(({ metadata }) => metadata.name);
    expect(names).toEqual(["blog", "cert-manager", "monitoring", "other-app", "redis", "second"]);
  });
});

describe("folders that people own", () => {
  it("are followed by Kustomizations of their own, listed in the root", () => {
    const root = objects.find(({ path }) => path === "clusters/production/kustomization.yaml")?.object;
    expect(root.resources).toContain("kustomizations/backup.yaml");
    expect(sync("backup").spec).toMatchObject({
      path: "./clusters/production/backup",
      dependsOn: [{ name: "charts" }, { name: "monitoring" }],
      interval: "1h",
      wait: false,
      decryption: { secretRef: { name: "sops-age" } },
    });
    expect(sync("monitoring").spec).toMatchObject({
      targetNamespace: "monitoring",
      dependsOn: [{ name: "infrastructure" }],
    });
  });

  it("are written to by nobody", () => {
    const own = (path: string) => path.startsWith("monitoring/") || path.startsWith("clusters/production/backup/");
    expect(Object.keys(tree.files).filter(own)).toEqual([]);
  });

  it("may belong to one stage only", () => {
    expect(Object.keys(treeOf("dev", fleet).files).filter((path) => path.includes("kustomizations/"))).toEqual([
      "clusters/dev/kustomizations/monitoring.yaml",
    ]);
  });
});

describe("alerts and webhooks", () => {
  it("tell about errors of everything between a tag and its rollout, less the noise of a restart (rule 40)", () => {
    const { apiVersion, spec } = named("Alert", "chat");
    expect(apiVersion).toBe("notification.toolkit.fluxcd.io/v1beta3");
    expect(spec).toMatchObject({ eventSeverity: "error", exclusionList: ["no tags in database"] });
    const sources = spec.eventSources.map(
      (each: { kind: string; namespace: string }) => `${each.kind} ${each.namespace}`,
    );
    expect(sources).toEqual(
      expect.arrayContaining([
        "GitRepository flux-system",
        "Kustomization flux-system",
        "ImageRepository blog",
        "ImagePolicy blog",
        "ImageUpdateAutomation second",
        "HelmRelease cert-manager",
      ]),
    );
  });

  it("set a commit's state by successes too", () => {
    expect(named("Alert", "commits").spec).toMatchObject({
      eventSeverity: "info",
      eventSources: [{ kind: "Kustomization", name: "*", namespace: "flux-system" }],
    });
  });

  it("keep to the stages that a provider is for", () => {
    const dev = objectsOf(treeOf("dev", fleet)).filter((each) => each.kind === "Provider");
    expect(dev.map(({ object }) => object.metadata.name)).toEqual(["commits"]);
  });

  it("wake the sources that a call is about", () => {
    const api = "image.toolkit.fluxcd.io/v1";
    expect(named("Receiver", "registry")).toMatchObject({
      apiVersion: "notification.toolkit.fluxcd.io/v1",
      spec: { type: "dockerhub", secretRef: { name: "webhook-token" } },
    });
    expect(named("Receiver", "registry").spec.resources).toContainEqual({
      apiVersion: api,
      kind: "ImageRepository",
      name: "second-other-app",
      namespace: "second",
    });
    expect(named("Receiver", "git").spec).toMatchObject({
      events: ["ping", "push"],
      resources: [{ kind: "GitRepository", name: "flux-system" }],
    });
    expect(named("Receiver", "packages").spec.events).toContain("package");
  });

  it("listen only in a stage that has a host for them", () => {
    expect(named("Ingress", "webhook-receiver").spec.rules[0].host).toBe("flux.example.com");
    expect(objectsOf(treeOf("dev", fleet)).filter((each) => each.kind === "Receiver")).toEqual([]);
  });
});

it("is read by the sandbox's image automation as before", () => {
  const { policies } = clusterObjects(new Map(Object.entries({ ...tree.files, ...gotk })), "clusters/production");
  expect(policies.map(({ metadata }) => metadata.name)).toEqual([
    "blog-prod",
    "other-app-prod",
    "second-other-app-prod",
  ]);
});

describe("a stage without apps", () => {
  it("still has its infrastructure", () => {
    const stages = fleet.stages.map((stage) => ({ ...stage, apps: [] }));
    const root = treeOf("dev", { ...fleet, stages }).files["clusters/dev/kustomization.yaml"];
    expect(root).toContain("- charts.yaml\n");
  });
});

const kubectl = spawnSync("kubectl", ["version", "--client"]).status === 0;

describe.runIf(kubectl || process.env["CI"] === "true")("kubectl kustomize (skipped where there is no kubectl)", () => {
  let folder = "";

  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };

  const build = (path: string) => {
    const { status, stdout, stderr } = spawnSync("kubectl", ["kustomize", join(folder, path)], { encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    return parseAllDocuments(stdout).map((document) => document.toJS());
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "k3s-stages-infrastructure-"));
    for (const [path, text] of Object.entries(tree.files)) write(path, text);
    for (const path of tree.placeholders) write(path, "");
    write("apps/blog/prod/volume.yaml", "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: data\n");
    write("apps/blog/prod/mine.yaml", "- op: add\n  path: /metadata/labels/mine\n  value: 'yes'\n");
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it("adds people's manifests and patches to an overlay, and leaves the image to Flux", () => {
    const built = build("apps/blog/prod");
    const find = (kindName: string, name: string) =>
      built.find((each) => each.kind === kindName && each.metadata.name === name);
    const { containers, priorityClassName } = find("Deployment", "blog").spec.template.spec;
    expect(priorityClassName).toBe("high");
    expect(containers.map(({ image }: { image: string }) => image).toSorted()).toEqual([
      "busybox",
      "ghcr.io/acme/blog:v1.9.31",
    ]);
    expect(find("Service", "blog").metadata.annotations).toEqual({ note: "it's: yes" });
    expect(find("PersistentVolumeClaim", "data").metadata.namespace).toBe("blog");
    expect(find("Ingress", "blog-https").metadata.labels.mine).toBe("yes");
  });

  it("builds every folder that is rendered", () => {
    const folders = Object.keys(tree.files).filter((path) => path.endsWith("/kustomization.yaml"));
    for (const path of folders) build(dirname(path));
    expect(folders).toContain("clusters/production/notifications/kustomization.yaml");
  });
});
