import { describe, expect, it } from "vitest";
import { guarded, objectsOf, seed, treeOf, withApp } from "./fleets.ts";

const stages = guarded.stages.map((stage) => ({ stage, objects: objectsOf(treeOf(stage.name, guarded)) }));
const ofKind = (kind: string) =>
  stages.flatMap(({ stage, objects }) =>
    objects.filter((each) => each.kind === kind).map(({ object, path }) => ({ stage, object, path })),
  );
const automations = ofKind("ImageUpdateAutomation");

describe("a rollout", () => {
  const branches = automations.map(({ object }) => [object.metadata.name, object.spec.git.push.branch]);

  it("by pull request has a branch of its own per app and stage, a direct one the cluster's (rules 13, 23)", () => {
    expect(Object.fromEntries(branches)).toEqual({
      "blog-dev": "main",
      "other-app-dev": "main",
      "second-other-app-dev": "main",
      "blog-stage": "flux/stage/blog",
      "other-app-stage": "main",
      "second-other-app-stage": "main",
      "blog-prod": "flux/prod/blog",
      "other-app-prod": "flux/prod/other-app",
      "second-other-app-prod": "main",
    });
  });

  it("starts from the branch that the cluster follows (rule 13)", () => {
    expect(new Set(automations.map(({ object }) => object.spec.git.checkout.ref.branch))).toEqual(new Set(["main"]));
  });

  it("changes one line of the automation and nothing else of it", () => {
    const path = "clusters/production/infrastructure/image-updater/blog/image-update-automation.yaml";
    const direct = treeOf("prod").files[path] ?? "";
    expect(treeOf("prod", guarded).files[path]).toBe(
      direct.replace("push:\n      branch: main", "push:\n      branch: flux/prod/blog"),
    );
  });
});

describe("the write source", () => {
  it("logs in as a GitHub App where that is configured (rules 24, 25)", () => {
    const sources = ofKind("GitRepository").map(({ object }) => object.spec);
    expect(sources).toHaveLength(3);
    for (const spec of sources)
      expect(spec).toEqual({
        interval: "1h",
        timeout: "60s",
        url: "https://github.com/acme/gitops",
        ref: { branch: "main" },
        provider: "github",
        secretRef: { name: "gitops-writer" },
      });
  });

  it("has a Secret of its own with a deploy key, and then no provider (rule 24)", () => {
    const write = { ...seed.repository.write, secret: "gitops-writer" };
    const tree = treeOf("prod", { ...seed, repository: { ...seed.repository, write } });
    const [source] = objectsOf(tree).filter(({ kind }) => kind === "GitRepository");
    expect(source?.object.spec).toMatchObject({ url: seed.repository.url, secretRef: { name: "gitops-writer" } });
    expect(source?.object.spec).not.toHaveProperty("provider");
  });
});

describe("a private registry", () => {
  const secrets = (app: string) =>
    ofKind("ImageRepository")
      .filter((each) => each.object.metadata.name === app)
      .map(({ object }) => object.spec.secretRef);

  it("is scanned with the app's pull secret (rule 12), a public one without", () => {
    expect(secrets("blog")).toEqual(Array(3).fill({ name: "registry" }));
    expect(secrets("second-other-app")).toEqual([undefined, undefined, undefined]);
  });

  it("is pulled from with the same Secret, by the overlay of either base", () => {
    const pulled = ofKind("Deployment")
      .filter(({ path }) => !path.includes("/base/"))
      .map(({ object }) => [object.metadata.name, object.spec.template.spec.imagePullSecrets]);
    expect(pulled.filter(([app]) => app !== "second-other-app")).toHaveLength(6);
    for (const [app, found] of pulled)
      expect(found).toEqual(app === "second-other-app" ? undefined : [{ name: "registry" }]);
  });
});

it("decrypts an app's files with the key that the app names, else with the repository's (rule 34)", () => {
  const syncs = objectsOf(treeOf("prod", withApp("prod", "blog", { decryption: { secret: "blog-age" } })));
  const keys = syncs
    .filter(({ path }) => /production\/apps\/(blog|other-app)\.yaml$/.test(path))
    .map(({ object }) => object.spec.decryption);
  expect(keys).toEqual(["blog-age", "sops-age"].map((name) => ({ provider: "sops", secretRef: { name } })));
});

describe("an external base", () => {
  it("is in no stage's tree", () => {
    const paths = stages.flatMap(({ stage }) => Object.keys(treeOf(stage.name, guarded).files));
    const files = ["deployment-patch.yaml", "kustomization.yaml"];
    expect(paths.filter((path) => path.startsWith("apps/other-app/"))).toEqual(
      ["dev", "stage", "prod"].flatMap((stage) => files.map((file) => `apps/other-app/${stage}/${file}`)),
    );
  });

  it("has the image line in the overlay, for the container that was named (rule 16)", () => {
    expect(treeOf("prod", guarded).files["apps/other-app/prod/deployment-patch.yaml"]).toContain(
      'name: web\n          image: ghcr.io/acme/other-app:v0.3.8 # {"$imagepolicy": "other-app:other-app-prod"}\n',
    );
  });

  it("has policies and Kustomizations as any other", () => {
    const paths = Object.keys(treeOf("prod", guarded).files).filter((path) => path.startsWith("clusters/"));
    expect(paths).toEqual(Object.keys(treeOf("prod").files).filter((path) => path.startsWith("clusters/")));
  });
});
