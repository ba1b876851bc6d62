/** Repositories that make one mistake each beside the article's, or have one thing more. */
import { describe, expect, it } from "vitest";
import { resolve } from "../stacks/config/resolve.ts";
import { sourcesOf } from "../stacks/config/sources.ts";
import { adopting, findings, updater } from "./adopting.ts";

const { edited } = adopting();

describe("a repository with one more mistake", () => {
  const stagePolicy = updater("stage", "image-policy.yaml");

  it("lets other channels in when the filter is missing, and shows such tags", async () => {
    const policy = (text: string) => text.replace(/ {2}filterTags:\n.*\n/, "");
    expect(findings(await edited({ [stagePolicy]: policy }), "filter-missing")).toEqual([
      `${stagePolicy}:12: there is no filter, and the range >=1.0.0-stage also takes v1.9.33-develop.1 of dev, v1.9.33 of prod: the tag would run in stage too`,
    ]);
  });

  it("lets other channels in when the filter is not anchored", async () => {
    const loose = (text: string) => text.replace(/pattern: .*/, "pattern: '^v[0-9]+.[0-9]+.[0-9]+'");
    const all = findings(await edited({ [stagePolicy]: loose }), "filter-loose");
    expect(all).toEqual([expect.stringContaining("v1.9.33-develop.1 of dev, v1.9.33 of prod")]);
  });

  it("says nothing about a filter that is its channel's own", async () => {
    const good = (text: string) =>
      text
        .replace(/pattern: .*/, () => "pattern: '^v[0-9]+[.][0-9]+[.][0-9]+-stage[.][0-9]+$'")
        .replace(/range: .*/, "range: '>=1.0.0-0'");
    const { findings: all } = await edited({ [stagePolicy]: good });
    expect(all.filter(({ path }) => path === stagePolicy).map(({ code }) => code)).toEqual(["api-version"]);
  });

  it("never selects a prerelease with a stable range", async () => {
    const stable = (text: string) =>
      text.replace(/pattern: .*/, "pattern: '-stage'").replace(/range: .*/, "range: '>=1.0.0'");
    expect(findings(await edited({ [stagePolicy]: stable }), "range-selects-nothing")).toContainEqual(
      `${stagePolicy}:14: the range >=1.0.0 does not take v1.9.32-stage.1, which stage runs: no tag like it is ever selected`,
    );
  });

  it("judges a filter that would keep JavaScript busy for ever", async () => {
    const heavy = (text: string) => text.replace(/pattern: .*/, () => "pattern: '^(([0-9]+)+[.])+$'");
    const { findings: all } = await edited({ [stagePolicy]: heavy });
    const codes = all.filter(({ path }) => path === stagePolicy).map(({ code }) => code);
    expect(codes).toContain("filter-matches-nothing");
    expect(codes).not.toContain("filter-unreadable");
  });

  it.each([
    [
      "marker-without-policy",
      "apps/blog/stage/deployment-patch.yaml",
      (text: string) => text.replace("blog:blog-policy", "web:blog-policy"),
      "no ImagePolicy web:blog-policy in the cluster of stage (clusters/stage); there is blog:blog-policy",
    ],
    [
      "no-marker",
      "apps/blog/stage/deployment-patch.yaml",
      (text: string) => text.replace(/ # \{.*/, ""),
      "v1.9.32-stage.1 has no marker: blog is never updated in stage",
    ],
    [
      "marker-in-base",
      "apps/blog/base/deployment.yaml",
      (text: string) => text.replace(/(image: .*)/, '$1 # {"$imagepolicy": "blog:blog-policy"}'),
      "every stage's automation finds it",
    ],
    [
      "marker-in-json6902",
      "apps/blog/stage/json-patch.yaml",
      '- op: replace\n  path: /spec/x\n  value: blog:v1.9.32-stage.1 # {"$imagepolicy": "blog:blog-policy"}\n',
      "Flux's setter does not read it",
    ],
    [
      "marker-ignored",
      "apps/blog/stage/kustomization.yaml",
      (text: string) =>
        text.replace(
          "patches:\n",
          () => 'patches:\n  - patch: |\n      image: x # {"$imagepolicy": "blog:blog-policy"}\n',
        ),
      "Flux does not see this marker",
    ],
    [
      "images-over-marker",
      "apps/blog/stage/kustomization.yaml",
      (text: string) => `${text}\nimages:\n  - name: ghcr.io/acme/blog\n    newTag: v1.0.0\n`,
      "has no effect",
    ],
    [
      "update-path-missing",
      updater("stage", "image-update-automation.yaml"),
      (text: string) => text.replace(/ {4}path: .*\n/, ""),
      "has no update.path, which means the whole repository",
    ],
    [
      "update-path-too-wide",
      updater("stage", "image-update-automation.yaml"),
      (text: string) => text.replace(/ {4}path: .*/, "    path: ./apps/blog"),
      "apps/blog/dev/deployment-patch.yaml:12 as well, which is not stage's",
    ],
    [
      "update-path-not-there",
      updater("stage", "image-update-automation.yaml"),
      (text: string) => text.replace(/ {4}path: .*/, "    path: ./apps/blog/staging"),
      "does not exist",
    ],
    [
      "repository-missing",
      updater("stage", "image-policy.yaml"),
      (text: string) => text.replace("blog-repo ", "blog "),
      "there is no ImageRepository blog in the namespace blog",
    ],
    [
      "policy-without-automation",
      updater("stage", "image-update-automation.yaml"),
      null,
      "nobody writes what the policy selects",
    ],
    ["unreadable", "apps/blog/stage/odd.yaml", "a: [1\nb: }", "skipped here"],
    [
      "unreadable",
      "apps/blog/stage/bomb.yaml",
      `a: &a [x, x]\n${"bcdefgh"
        .split("")
        .map((key, i) => `${key}: &${key} [${`*${"abcdefgh"[i]}, `.repeat(9)}x]`)
        .join("\n")}\n`,
      "skipped here",
    ],
    [
      "tag-without-v",
      "apps/blog/stage/deployment-patch.yaml",
      (text: string) => text.replace(":v1.9.32", ":1.9.32"),
      "1.9.32-stage.1 has no v",
    ],
  ])("reports %s in %s", async (...[code, path, edit, message]) => {
    const adoption = await edited({ [path]: edit });
    expect(findings(adoption, code)).toContainEqual(expect.stringContaining(message));
  });

  it("says why the configuration does not validate, and plans nothing from it", async () => {
    const untagged = (text: string) => text.replace(/blog:v1.9.32-stage.1.*/, "blog:latest");
    const { problems, stages } = await edited({ "apps/blog/stage/deployment-patch.yaml": untagged });
    expect(problems).toContain("latest is not a tag that stage takes");
    expect(stages).toEqual([]);
  });

  it("takes over an image that may run as root as it is, and a base that forbids it as restricted", async () => {
    const context = "        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }\n";
    const restricted = (text: string) =>
      text.replace(/( {6})containers:/, "$1securityContext: { runAsNonRoot: true, runAsUser: 1000 }\n$&") + context;
    const { configuration, problems } = await edited({ "apps/blog/base/deployment.yaml": restricted });
    expect(problems).toBe("");
    const [stage] = resolve(sourcesOf(configuration)).stages;
    expect(stage?.apps.map(({ base }) => base)).toMatchObject([
      { security: "restricted", user: 1000 },
      { security: "baseline", user: undefined },
      { security: "baseline", user: undefined },
    ]);
  });

  it.each([
    ["securityContext.readOnlyRootFilesystem", { readOnlyRootFilesystem: true }],
    ["capabilities.add", { capabilities: { drop: ["ALL"], add: ["CHOWN"] } }],
    ["runAsUser: 0", { runAsUser: 0 }],
  ])("keeps a base whose security context has what neither standard renders: %s", async (...[what, context]) => {
    const { system } = await edited({
      "apps/blog/base/deployment.yaml": (text) => `${text}        securityContext: ${JSON.stringify(context)}\n`,
    });
    expect(system.apps[0]?.beyond).toEqual([what]);
  });

  const withProbe = (probe: object) =>
    edited({
      "apps/blog/base/deployment.yaml": (text) => `${text}        readinessProbe: ${JSON.stringify(probe)}\n`,
    });

  it("takes over a probe that asks the container's port", async () => {
    const { configuration, problems } = await withProbe({ httpGet: { path: "/ok", port: 8080 }, periodSeconds: 5 });
    expect(problems).toBe("");
    const [stage] = resolve(sourcesOf(configuration)).stages;
    expect(stage?.apps.map(({ base }) => base)).toMatchObject([
      { probes: { readiness: { path: "/ok", periodSeconds: 5 } } },
      { probes: { readiness: {} } },
      { probes: { readiness: {} } },
    ]);
  });

  it.each([
    ["port", { httpGet: { path: "/ok", port: 9090 } }],
    ["exec", { exec: { command: ["true"] } }],
    ["httpGet.httpHeaders", { httpGet: { path: "/ok", port: 8080, httpHeaders: [{ name: "Host", value: "a" }] } }],
    ["initialDelaySeconds", { tcpSocket: { port: 8080 }, initialDelaySeconds: 5 }],
  ])("keeps a base whose probe has what a rendered one has not: %s", async (...[what, probe]) => {
    const { system } = await withProbe(probe);
    expect(system.apps[0]?.beyond).toEqual([`readinessProbe.${what}`]);
  });

  it("keeps a base that has more than could be rendered", async () => {
    const {
      configuration,
      problems,
      findings: all,
      stages,
    } = await edited({
      "apps/blog/base/deployment.yaml": (text) =>
        `${text}        envFrom:\n        - secretRef:\n            name: blog\n`,
      "apps/blog/base/settings.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n",
    });
    expect(problems).toBe("");
    expect(configuration["Pulumi.yaml"]).toContain(
      "      blog:\n        image: ghcr.io/acme/blog\n        base: external\n",
    );
    expect(all.find(({ code }) => code === "base-external")?.message).toContain(
      "has ConfigMap settings, envFrom, which",
    );
    const paths = stages.flatMap(({ conflicts, created }) => [...conflicts.map(({ path }) => path), ...created]);
    expect(paths.filter((path) => path.startsWith("apps/blog/base"))).toEqual([]);
  });

  it("takes over pull requests, a write source of its own, and the Secret of a private registry", async () => {
    const { configuration, problems } = await edited({
      [updater("stage", "image-update-automation.yaml")]: (text) =>
        text.replace("push:\n      branch: main", "push:\n      branch: flux/stage"),
      [updater("stage", "image-repository.yaml")]: (text) => `${text}  secretRef:\n    name: ghcr\n`,
      "clusters/dev/infrastructure/image-updater/image-write-repo.yaml": (text) =>
        text.replace(/( {2}secretRef:\n {4}name: ).*/, "$1write-key"),
    });
    expect(problems).toBe("");
    expect(configuration["Pulumi.stage.yaml"]).toContain("tag: v1.9.32-stage.1\n      rollout: pull-request");
    expect(configuration["Pulumi.yaml"]).toContain("pullSecret: ghcr");
    expect(configuration["Pulumi.yaml"]).toContain("write:\n        secret: write-key");
  });

  it("takes over a hold and a pin", async () => {
    const frozen = (key: string) => (text: string) => text.replace("$imagepolicy", key);
    const { configuration } = await edited({
      "apps/blog/stage/deployment-patch.yaml": frozen("$held"),
      "apps/blog/prod/deployment-patch.yaml": frozen("$pinned"),
    });
    expect(configuration["Pulumi.stage.yaml"]).toContain("tag: v1.9.32-stage.1\n      hold: true\n");
    expect(configuration["Pulumi.prod.yaml"]).toContain("tag: v1.9.31\n      pin: v1.9.31\n");
  });

  it("says what an overlay has that has to be carried over by hand", async () => {
    const adoption = await edited({
      "apps/blog/stage/kustomization.yaml": (text) =>
        `${text.replace("../base", "../base\n  - settings.yaml")}\ncomponents:\n  - ../tls\n`,
      "apps/blog/stage/settings.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n",
    });
    expect(findings(adoption, "not-taken-over")).toEqual([
      "apps/blog/stage/kustomization.yaml:1: settings.yaml, components, ConfigMap settings: not in the configuration; carry it over as a patch or a manifest of the override",
    ]);
  });

  it("leaves an app out of the stages that have no overlay of it", async () => {
    const overlay = "apps/blog/dev";
    const { configuration, problems } = await edited({
      [`${overlay}/kustomization.yaml`]: null,
      [`${overlay}/deployment-patch.yaml`]: null,
    });
    expect(problems).toBe("");
    expect(configuration["Pulumi.yaml"]).toMatch(/stages: \[ ?stage, prod ?\]/);
  });
});
