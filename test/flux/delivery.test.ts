/**
 * The whole delivery: the program publishes, Flux's real controllers follow, and a pushed tag becomes a commit and a
 * changed Deployment. One repository, one registry; each stage has an API server and controllers of its own.
 */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Fleet } from "../../stacks/config/fleet.ts";
import { newAgeKey } from "./harness/age.ts";
import type { KubernetesObject } from "./harness/client.ts";
import { type Cluster, condition } from "./harness/cluster.ts";
import { commitStatuses } from "./harness/commit-statuses.ts";
import { until } from "./harness/until.ts";
import { callReceiver } from "./harness/webhook.ts";
import { appOf, type FileEdits, stageOf, startWorld, together, type World } from "./harness/world.ts";

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

const image = "image.toolkit.fluxcd.io/v1";
const apiVersions = {
  Deployment: "apps/v1",
  Service: "v1",
  Secret: "v1",
  Ingress: "networking.k8s.io/v1",
  ImageRepository: image,
  ImagePolicy: image,
  ImageUpdateAutomation: image,
} as const;

/** In dev. @throws Error when there is none */
async function get(kind: keyof typeof apiVersions, name: string, namespace: string): Promise<KubernetesObject> {
  const found = await dev.client.get({ apiVersion: apiVersions[kind], kind, name, namespace });
  if (!found) throw new Error(`there is no ${kind} ${namespace}/${name}`);
  return found;
}

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

const sealed = (password: string): string =>
  JSON.stringify({
    ...{ apiVersion: "v1", kind: "Secret", stringData: { password } },
    metadata: { name: "blog", namespace: "blog" },
  });

beforeAll(async () => {
  world = await startWorld("delivery");
  fleet = world.fleet(devOnly);
  for (const app of stageOf(fleet, "dev").apps) await world.push(app, app.tag);
  const secret = await world.age.encrypt(sealed("known to nobody but the cluster"));
  repository().edit({ "apps/blog/dev/secret.yaml": secret });
  await world.program.up(withSecret(), "dev");
  dev = await world.boot(withSecret(), "dev");
  await dev.client.apply({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "webhook-token", namespace: "flux-system" },
    stringData: { token: "token-of-a-webhook" },
  });
  fleet = withSecret();
  await dev.follow(repository().head());
}, 600_000);
afterAll(async () => {
  await world?.close();
});

const secretEdits: FileEdits = { "Pulumi.dev.yaml": { "overrides.blog.manifests": ["secret.yaml"] } };
const base = together(devOnly, secretEdits);
const withSecret = () => world.fleet(base);

describe("clusters/dev reconciles from the root", () => {
  it("until every Kustomization is ready, in its order", async () => {
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
    const [container] = deployment["spec"].template.spec.containers;
    expect(container.image).toBe(`${app.image}:${app.tag}`);
    expect(container.env).toEqual([{ name: "LOG_LEVEL", value: "debug" }]);
    const service = await get("Service", "blog", "blog");
    expect(service["spec"].ports).toMatchObject([{ port: 80, targetPort: "http" }]);
    for (const protocol of ["http", "https"] as const) {
      const ingress = await get("Ingress", `blog-${protocol}`, "blog");
      expect(ingress["spec"].rules.map(({ host }: { host: string }) => host)).toEqual(app.hosts[protocol]);
    }
  });

  it("with image objects that look at the registry, and policies that chose what is configured", async () => {
    await dev.scan(blog());
    await dev.scan(other());
    for (const app of [blog(), other()]) {
      const policy = await until(
        { what: `the policy of ${app.name}`, state: () => dev.controllers.logs() },
        async () => {
          const found = await get("ImagePolicy", `${app.name}-dev`, app.namespace);
          return found?.["status"]?.latestRef?.tag === app.tag && found;
        },
      );
      expect(policy["status"].latestRef).toMatchObject({ name: app.image, tag: app.tag });
    }
  });

  it("with a Secret that only the stage's age key opens", async () => {
    expect(repository().read("apps/blog/dev/secret.yaml")).not.toContain("known to nobody");
    const secret = await get("Secret", "blog", "blog");
    expect(Buffer.from(secret["data"].password, "base64").toString()).toBe("known to nobody but the cluster");
  });

  it("with that Secret still when the age key is rotated by the steps of day-2.md", async () => {
    const path = "apps/blog/dev/secret.yaml";
    const next = await newAgeKey(mkdtempSync(join(repository().folder, "age-")));
    const keys = (text: string) =>
      dev.client.apply({
        ...{ apiVersion: "v1", kind: "Secret", stringData: { "age.agekey": text } },
        metadata: { name: "sops-age", namespace: "flux-system" },
      });
    const both = await world.age.updateKeys(repository().read(path), [world.age.recipient, next.recipient]);
    await keys(`${world.age.secret}${next.secret}`);
    repository().edit({ [path]: both });
    await dev.follow(repository().head());
    await keys(next.secret);
    const alone = await next.encrypt(sealed("known to the new key alone"));
    repository().edit({ [path]: alone });
    await dev.follow(repository().head());
    const { data } = await get("Secret", "blog", "blog");
    expect(Buffer.from(data.password, "base64").toString()).toBe("known to the new key alone");
    expect(both).toContain(next.recipient);
    await keys(world.age.secret + next.secret);
  });

  it("with Flux itself as bootstrap installed it, its automation patched to come back within two minutes", async () => {
    const { args } = (await get("Deployment", "image-automation-controller", "flux-system"))["spec"].template.spec
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

  it("needs no interval where the registry and the host of the repository call the rendered Receivers", async () => {
    const before = repository().head();
    const started = performance.now();
    await world.push(blog(), "v1.9.32-develop.4");
    expect(await callReceiver(dev, "images")).toBe(200);
    await commitOf(dev, before);
    const committed = performance.now();
    expect(await callReceiver(dev, "git")).toBe(200);
    await runs(dev, blog(), `${blog().image}:v1.9.32-develop.4`);
    const seconds = (since: number, until: number) => ((until - since) / 1000).toFixed(1);
    console.log(
      `by Receiver: ${seconds(started, committed)} s from push to commit, ${seconds(started, performance.now())} s to Deployment`,
    );
  });

  it("is kept by the next `pulumi up`, with and without a change of the configuration", async () => {
    const before = repository().head();
    await up(base);
    expect(repository().head()).toBe(before);
    await up(together(base, { "Pulumi.dev.yaml": { "overrides.blog.replicas": 2 } }));
    expect(repository().git("diff", "--numstat", before, "main")).toContain(patch("blog", "dev"));
    const deployment = await get("Deployment", "blog", "blog");
    expect(deployment["spec"].replicas).toBe(2);
    expect(await dev.image(blog())).toBe(`${blog().image}:v1.9.32-develop.4`);
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
    const scanned = await get("ImageRepository", "blog", "blog");
    expect(scanned["status"].lastScanResult.tagCount).toBe(world.registry.tags("acme/blog").length);
    await dev.reconcile({ apiVersion: image, kind: "ImagePolicy", name: "blog-dev", namespace: "blog" });
    const policy = await get("ImagePolicy", "blog-dev", "blog");
    expect(policy["status"].latestRef.tag).toBe("v1.9.32-develop.4");
    expect(repository().head()).toBe(before);
  });
});

describe("a commit", () => {
  it("is told healthy by Flux under the name that the merge check reads, in words that mean success", async () => {
    const github = await commitStatuses();
    const metadata = { name: "github-token", namespace: "flux-system" };
    await dev.client.apply({ apiVersion: "v1", kind: "Secret", metadata, stringData: { token: "of-nobody" } });
    const commits = { type: "github", address: `${github.url}/acme/gitops`, secret: "github-token" };
    const told = { "Pulumi.yaml": { "notifications.providers": { commits } } };
    await up(together(base, told));
    await up(together(base, told, { "Pulumi.dev.yaml": { "overrides.blog.replicas": 3 } }));
    const head = repository().head();
    const state = () => `${JSON.stringify(github.kept)}\n${dev.controllers.logs(12)}`;
    const status = await until({ what: "the status of the commit", state }, async () =>
      github.kept.find(({ sha, context }) => sha === head && context === "flux/dev/blog"),
    );
    expect(status).toMatchObject({ state: "success", description: "reconciliation succeeded" });
    await up(base);
    github.close();
  });
});

/** Branch names of the repository. */
const branches = () => repository().git("branch", "--format=%(refname:short)").split("\n");

const policyTag = async (cluster: Cluster, app: { name: string; namespace: string }) =>
  (
    await cluster.client.get({ apiVersion: image, kind: "ImagePolicy", ...app, name: `${app.name}-${cluster.stage}` })
  )?.["status"]?.latestRef?.tag;

/** Pushes a tag, lets the cluster look, and follows the commit that comes of it. */
async function deliver(cluster: Cluster, app: { image: string; name: string; namespace: string }, tag: string) {
  const before = repository().head();
  await world.push(app, tag);
  await cluster.scan(app);
  const changed = await commitOf(cluster, before);
  await cluster.follow(repository().head());
  await runs(cluster, app, `${app.image}:${tag}`);
  return changed;
}

describe("the configuration is edited while tags arrive", () => {
  it("a host is renamed: its Ingress has the new one, the tag stays", async () => {
    const hosts = { http: ["renamed.dev.example.com"], https: ["renamed.dev.example.com"] };
    const running = await dev.image(blog());
    await up(together(base, { "Pulumi.dev.yaml": { "overrides.blog.hosts": hosts } }));
    const ingress = await get("Ingress", "blog-http", "blog");
    expect(ingress["spec"].rules.map(({ host }: { host: string }) => host)).toEqual(hosts.http);
    expect(await dev.image(blog())).toBe(running);
  });

  it("an image is renamed: the next tag comes from there, and what it runs now is there under the same tag", async () => {
    const renamed = `127.0.0.1:${world.registry.port}/acme/weblog`;
    await world.push({ image: renamed }, "v1.9.32-develop.4");
    await up(together(base, { "Pulumi.yaml": { "apps.blog.image": renamed } }));
    expect(await dev.image(blog())).toBe(`${renamed}:v1.9.32-develop.4`);
    await deliver(dev, blog(), "v1.9.32-develop.5");
    await world.push({ image: `127.0.0.1:${world.registry.port}/acme/blog` }, "v1.9.32-develop.5");
    await up(base);
    expect(await dev.image(blog())).toBe(`${blog().image}:v1.9.32-develop.5`);
  });

  it("a ceiling pins the stage below a bad version, which is a rollback that stays, and goes with the ceiling", async () => {
    await deliver(dev, blog(), "v2.0.0-develop.1");
    const channel = { prerelease: "develop", ceiling: "2.0.0" };
    const before = repository().head();
    const lower = { "Pulumi.yaml": { stages: [{ name: "dev", path: "clusters/dev", channel }] } };
    await expect(up(together(base, lower))).rejects.toThrow("allowDowngrade: v2.0.0-develop.1");
    const allowed = { "overrides.blog.allowDowngrade": "v2.0.0-develop.1" };
    await up(together(base, { ...lower, "Pulumi.dev.yaml": allowed }));
    await until({ what: "the rollback", state: () => dev.controllers.logs(12) }, async () =>
      repository().read(patch("blog", "dev")).includes("v1.9.32-develop.5 #"),
    );
    await dev.follow(repository().head());
    await runs(dev, blog(), `${blog().image}:v1.9.32-develop.5`);
    expect(repository().head()).not.toBe(before);
    await world.push(blog(), "v2.0.0-develop.2");
    await dev.scan(blog());
    expect(world.takers(blog(), "v2.0.0-develop.2")).toEqual([]);
    expect(await policyTag(dev, blog())).toBe("v1.9.32-develop.5");
    await up(base);
    await runsAfterCommit("v2.0.0-develop.2");
  });

  it("a pin runs its tag and no other, and goes with its line", async () => {
    await world.push(blog(), "v1.9.32-develop.3");
    await dev.scan(blog());
    await dev.reconcile({ apiVersion: image, kind: "ImagePolicy", name: "blog-dev", namespace: "blog" });
    const newest = await policyTag(dev, blog());
    expect(newest).not.toBe("v1.9.32-develop.2");
    await up(together(base, { "Pulumi.dev.yaml": { "overrides.blog.pin": "v1.9.32-develop.2" } }));
    await runsAfterCommit("v1.9.32-develop.2");
    expect(world.takers(blog(), `${newest}`)).toEqual([]);
    const before = repository().head();
    await dev.scan(blog());
    expect((await get("ImageUpdateAutomation", "blog-dev", "blog"))["spec"].suspend).toBe(true);
    expect(repository().head()).toBe(before);
    await up(base);
    await runsAfterCommit(`${newest}`);
  });

  it("an app is moved to pull requests: its tag waits on a branch, main is unchanged, and a merge rolls it out", async () => {
    const pullRequests = together(base, { "Pulumi.dev.yaml": { "overrides.blog.rollout": "pull-request" } });
    await up(pullRequests);
    const before = repository().head();
    const running = await dev.image(blog());
    await world.push(blog(), "v2.0.0-develop.3");
    await dev.scan(blog());
    const automation = await get("ImageUpdateAutomation", "blog-dev", "blog");
    const branch: string = automation["spec"].git.push.branch;
    await until({ what: `branch ${branch}`, state: () => dev.controllers.logs(12) }, async () =>
      branches().includes(branch),
    );
    expect(repository().git("diff", "--numstat", "main", branch)).toBe(`1\t1\t${patch("blog", "dev")}`);
    expect(repository().head()).toBe(before);
    await dev.follow(before);
    expect(await dev.image(blog())).toBe(running);
    repository().git("update-ref", "refs/heads/main", branch);
    await dev.follow(repository().head());
    await runs(dev, blog(), `${blog().image}:v2.0.0-develop.3`);
    await up(base);
  });

  it("an app is removed: all of it goes, its automation too, and its namespace stays", async () => {
    const { namespace } = other();
    const files = repository()
      .files()
      .filter((file) => file.includes("/other-app"));
    expect(files.length).toBeGreaterThan(5);
    const removed = together(base, {
      "Pulumi.yaml": { "apps.other-app": null, "apps.other-app.image": null },
      "Pulumi.dev.yaml": { "overrides.other-app": null },
    });
    await up(removed);
    const kinds = Object.entries(apiVersions).filter(([kind]) => kind !== "Secret");
    for (const [kind, apiVersion] of kinds)
      await until({ what: `every ${kind} to go` }, async () => {
        return (await dev.client.list({ apiVersion, kind, namespace })).length === 0;
      });
    expect(await dev.client.get({ apiVersion: "v1", kind: "Namespace", name: namespace })).toBeDefined();
    expect(
      repository()
        .files()
        .filter((file) => file.includes("/other-app")),
    ).toEqual([]);
    await up(base);
    expect(await dev.image(other())).toBe(`${other().image}:${other().tag}`);
  });
});

async function runsAfterCommit(tag: string): Promise<void> {
  await until({ what: `a commit of ${tag}`, state: () => dev.controllers.logs(12) }, async () =>
    repository().read(patch("blog", "dev")).includes(`${tag} #`),
  );
  await dev.follow(repository().head());
  await runs(dev, blog(), `${blog().image}:${tag}`);
}

/** The seed's prod beside dev. */
const both = together(base, {
  "Pulumi.yaml": {
    stages: [
      { name: "dev", path: "clusters/dev", channel: { prerelease: "develop" } },
      { name: "prod", path: "clusters/production", channel: "stable" },
    ],
  },
  "Pulumi.prod.yaml": { "overrides.second-other-app": null },
});

describe("a stage is added", () => {
  let prod: Cluster;
  const ofProd = (name: string) => appOf(fleet, "prod", name);

  it("and comes up beside the first, whose objects stay as they are", async () => {
    const before = await Promise.all([dev.image(blog()), dev.image(other())]);
    fleet = world.fleet(both);
    for (const app of stageOf(fleet, "prod").apps) await world.push(app, app.tag);
    await world.program.up(fleet, "prod");
    prod = await world.boot(fleet, "prod");
    await prod.follow(repository().head());
    await up(both);
    // v1.9.33 was pushed before there was a stage for it.
    expect(await prod.image(ofProd("blog"))).toMatch(/:v1\.9\.3[13]$/);
    expect(await Promise.all([dev.image(blog()), dev.image(other())])).toEqual(before);
  });

  it("and each takes the tags of its channel, and no other", async () => {
    await Promise.all([prod.scan(ofProd("blog")), dev.scan(blog())]);
    expect(await policyTag(dev, blog())).toBe("v2.0.0-develop.3");
    // Pushed to nobody before there was a stage for it.
    await until({ what: "v1.9.33", state: () => prod.controllers.logs(12) }, async () =>
      repository().read(patch("blog", "prod")).includes("v1.9.33 #"),
    );
    const dev0 = repository().read(patch("blog", "dev"));
    expect(world.takers(blog(), "v2.0.0")).toEqual(["prod"]);
    expect(await deliver(prod, ofProd("blog"), "v2.0.0")).toBe(`1\t1\t${patch("blog", "prod")}`);
    expect(repository().read(patch("blog", "dev"))).toBe(dev0);
    await dev.scan(blog());
    expect(await policyTag(dev, blog())).toBe("v2.0.0-develop.3");
  });
});
