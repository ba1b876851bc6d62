/**
 * The whole delivery: the program publishes, Flux's real controllers follow, and a pushed tag becomes a commit and a
 * changed Deployment. One repository, one registry; each stage has an API server and controllers of its own.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Fleet } from "../../stacks/config/fleet.ts";
import type { KubernetesObject } from "./harness/client.ts";
import { type Cluster, condition } from "./harness/cluster.ts";
import { until } from "./harness/until.ts";
import { appOf, type FileEdits, startWorld, stageOf, together, type World } from "./harness/world.ts";

/** One stage and two of the apps, to begin with. */
const devOnly = together({
  "Pulumi.yaml": {
    stages: [{ name: "dev", path: "clusters/dev", channel: { prerelease: "develop" } }],
    "apps.second-other-app": null,
  },
  "Pulumi.dev.yaml": { "overrides.second-other-app": null },
  "Pulumi.stage.yaml": null,
  "Pulumi.prod.yaml": null,
});

let world: World;
let dev: Cluster;
let fleet: Fleet;

const blog = () => appOf(fleet, "dev", "blog");
const other = () => appOf(fleet, "dev", "other-app");
const patch = (app: string, stage: string) => `apps/${app}/${stage}/deployment-patch.yaml`;
const repository = () => world.host.repository;

/** Publishes a stage as `pulumi up` does and lets its cluster follow. */
async function up(edits: FileEdits, cluster: Cluster = dev): Promise<void> {
  fleet = world.fleet(edits);
  await world.program.up(fleet, cluster.stage);
  await cluster.follow(repository().head());
}

const get = (kind: string, name: string, namespace: string, apiVersion = "apps/v1") =>
  dev.client.get({ apiVersion, kind, name, namespace });

const image = "image.toolkit.fluxcd.io/v1";

/** Waits for the automation's commit on a branch; gives what `git diff --numstat` says of it. */
async function commitOf(cluster: Cluster, before: string, branch = "main"): Promise<string> {
  await until({ what: "a commit", state: () => cluster.controllers.logs(12) }, async () => {
    const refs = repository().git("branch", "--format=%(refname:short)").split("\n");
    return refs.includes(branch) && repository().head(branch) !== before;
  });
  return repository().git("diff", "--numstat", before, branch);
}

const runs = (cluster: Cluster, app: { name: string; namespace: string }, wanted: string) =>
  until({ what: `${app.name} to run ${wanted}`, state: () => cluster.controllers.logs(8) }, async () => {
    return (await cluster.image(app)) === wanted;
  });

beforeAll(async () => {
  world = await startWorld("delivery");
  fleet = world.fleet(devOnly);
  for (const app of stageOf(fleet, "dev").apps) await world.push(app, app.tag);
  const secret = JSON.stringify({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "blog", namespace: "blog" },
    stringData: { password: "known to nobody but the cluster" },
  });
  repository().edit({ "apps/blog/dev/secret.yaml": await world.age.encrypt(secret) });
  await world.program.up(withSecret(), "dev");
  dev = await world.boot(withSecret(), "dev");
  await dev.client.apply({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "webhook-token", namespace: "flux-system" },
    stringData: { token: "token-of-a-webhook" },
  });
  fleet = withSecret();
}, 600_000);
afterAll(async () => {
  await world?.close();
});

const secretEdits: FileEdits = { "Pulumi.dev.yaml": { "overrides.blog.manifests": ["secret.yaml"] } };
const base = together(devOnly, secretEdits);
const withSecret = () => world.fleet(base);

describe("clusters/dev reconciles from the root", () => {
  it("until every Kustomization is ready, in its order", async () => {
    await dev.follow(repository().head());
    const syncs = await dev.client.list({ apiVersion: "kustomize.toolkit.fluxcd.io/v1", kind: "Kustomization" });
    expect(syncs.map(({ metadata }) => metadata.name).toSorted()).toEqual([
      "blog",
      "flux-system",
      "image-updater",
      "infrastructure",
      "notifications",
      "other-app",
    ]);
    const since = (name: string) => {
      const sync = syncs.find(({ metadata }) => metadata.name === name) as KubernetesObject;
      return Date.parse(`${(condition(sync) as unknown as { lastTransitionTime: string }).lastTransitionTime}`);
    };
    for (const name of ["blog", "other-app", "image-updater"])
      expect(since(name)).toBeGreaterThanOrEqual(since("infrastructure"));
  });

  it("with namespaces, Deployments, Services and Ingresses as configured", async () => {
    const app = blog();
    const deployment = await get("Deployment", "blog", "blog");
    const [container] = deployment?.["spec"].template.spec.containers;
    expect(container.image).toBe(`${app.image}:${app.tag}`);
    expect(container.env).toEqual([{ name: "LOG_LEVEL", value: "debug" }]);
    const service = await get("Service", "blog", "blog", "v1");
    expect(service?.["spec"].ports).toMatchObject([{ port: 80, targetPort: "http" }]);
    for (const protocol of ["http", "https"] as const) {
      const ingress = await get("Ingress", `blog-${protocol}`, "blog", "networking.k8s.io/v1");
      expect(ingress?.["spec"].rules.map(({ host }: { host: string }) => host)).toEqual(app.hosts[protocol]);
    }
  });

  it("with image objects that look at the registry, and policies that chose what is configured", async () => {
    await dev.scan(blog());
    await dev.scan(other());
    for (const app of [blog(), other()]) {
      const policy = await until({ what: `the policy of ${app.name}`, state: () => dev.controllers.logs() }, async () => {
        const found = await get("ImagePolicy", `${app.name}-dev`, app.namespace, image);
        return found?.["status"]?.latestRef?.tag === app.tag && found;
      });
      expect(policy["status"].latestRef).toMatchObject({ name: app.image, tag: app.tag });
    }
  });

  it("with a Secret that only the stage's age key opens", async () => {
    expect(repository().read("apps/blog/dev/secret.yaml")).not.toContain("known to nobody");
    const secret = await get("Secret", "blog", "blog", "v1");
    expect(Buffer.from(secret?.["data"].password, "base64").toString()).toBe("known to nobody but the cluster");
  });

  it("with Flux itself as bootstrap installed it, its automation patched to come back within two minutes", async () => {
    const { args } = (await get("Deployment", "image-automation-controller", "flux-system"))?.["spec"].template.spec
      .containers[0];
    expect(args).toContain("--max-retry-delay=2m");
  });
});

describe("a pushed tag", () => {
  it("becomes a commit of one line, to this stage's file alone, and is rolled out", async () => {
    const before = repository().head();
    expect(world.takers(blog(), "v1.9.32-develop.3")).toEqual(["dev"]);
    await world.push(blog(), "v1.9.32-develop.3");
    await dev.scan(blog());
    expect(await commitOf(dev, before)).toBe(`1\t1\t${patch("blog", "dev")}`);
    expect(repository().read(patch("blog", "dev"))).toContain(`${blog().image}:v1.9.32-develop.3 #`);
    await dev.follow(repository().head());
    await runs(dev, blog(), `${blog().image}:v1.9.32-develop.3`);
    expect(await dev.image(other())).toBe(`${other().image}:${other().tag}`);
  });

  it("is kept by the next `pulumi up`, with and without a change of the configuration", async () => {
    const before = repository().head();
    await up(base);
    expect(repository().head()).toBe(before);
    await up(together(base, { "Pulumi.dev.yaml": { "overrides.blog.replicas": 2 } }));
    expect(repository().git("diff", "--numstat", before, "main")).toContain(patch("blog", "dev"));
    const deployment = await get("Deployment", "blog", "blog");
    expect(deployment?.["spec"].replicas).toBe(2);
    expect(await dev.image(blog())).toBe(`${blog().image}:v1.9.32-develop.3`);
  });

  it.each([
    "v1.9.33",
    "v1.9.33-stage.1",
    "latest",
    "99.0.0",
    "v99.0.0-nobody.1",
    "v99.0.0.1",
    "v99.0",
    "v99.0.0-develop2",
    "v99.0.0-develop.01",
    "sha-0123abc",
  ])("of no channel of this stage reaches nobody, as the program says beforehand: %s", async (tag) => {
    const before = repository().head();
    expect(world.takers(blog(), tag)).toEqual([]);
    await world.push(blog(), tag);
    await dev.scan(blog());
    const scanned = await get("ImageRepository", "blog", "blog", image);
    expect(scanned?.["status"].lastScanResult.tagCount).toBe(world.registry.tags("acme/blog").length);
    await dev.reconcile({ apiVersion: image, kind: "ImagePolicy", name: "blog-dev", namespace: "blog" });
    const policy = await get("ImagePolicy", "blog-dev", "blog", image);
    expect(policy?.["status"].latestRef.tag).toBe("v1.9.32-develop.3");
    expect(repository().head()).toBe(before);
  });
});
