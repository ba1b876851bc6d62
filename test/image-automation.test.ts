import { describe, expect, it } from "vitest";
import { setters } from "../stacks/tree/setters.ts";
import { ofKind, seed, treeOf, trees } from "./fleets.ts";

const stages = seed.stages.map(({ name }) => name);
const appsOf = (stage: string) => trees.find((each) => each.stage.name === stage)?.stage.apps ?? [];
const automations = ofKind("ImageUpdateAutomation");
const policies = ofKind("ImagePolicy");
const repositories = ofKind("ImageRepository");

describe("image objects", () => {
  it.each(stages)("%s scans an image once (rule 10)", (stage) => {
    const images = repositories.filter((each) => each.stage.name === stage).map(({ object }) => object.spec.image);
    expect(images.toSorted()).toEqual(
      appsOf(stage)
        .map(({ image }) => image)
        .toSorted(),
    );
  });

  it.each(repositories)(
    "$stage.name $object.metadata.name leaves signatures out and has a timeout (rule 10)",
    (each) => {
      const { exclusionList, image, interval, timeout, provider } = each.object.spec;
      expect(exclusionList).toContain("^.*\\.sig$");
      expect(image).not.toMatch(/:\/\/|:[^/]*$/);
      expect({ interval, timeout, provider }).toEqual({ interval: "10m", timeout: "60s", provider: "generic" });
    },
  );

  it.each([...repositories, ...policies, ...automations])(
    "$kind $object.metadata.name of $stage.name is in its app's namespace (rule 12)",
    ({ stage, path, object }) => {
      const app = stage.apps.find(({ name }) => path.includes(`/image-updater/${name}/`));
      expect(object.metadata.namespace).toBe(app?.namespace);
    },
  );

  it.each(policies)("$object.metadata.name refers to a repository beside it (rule 12)", ({ stage, object }) => {
    const { namespace } = object.metadata;
    const names = repositories
      .filter((each) => each.stage === stage && each.object.metadata.namespace === namespace)
      .map((each) => each.object.metadata.name);
    expect(names).toContain(object.spec.imageRepositoryRef.name);
  });

  it("policies have names that no two stages share (rule 14)", () => {
    const names = policies.map(({ object }) => `${object.metadata.namespace}:${object.metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe.each(automations)("the automation $object.metadata.name", ({ stage, object }) => {
  const { spec, metadata } = object;

  it("checks out and pushes the same branch, both written down (rule 13)", () => {
    expect([spec.git.checkout.ref.branch, spec.git.push.branch]).toEqual(["main", "main"]);
  });

  it("updates one folder of its own stage, which exists (rule 14)", () => {
    const app = stage.apps.find(({ name }) => metadata.name === `${name}-${stage.name}`);
    expect(spec.update).toEqual({ path: `./apps/${app?.name}/${stage.name}`, strategy: "Setters" });
    expect(Object.keys(treeOf(stage.name).files)).toContain(`apps/${app?.name}/${stage.name}/deployment-patch.yaml`);
  });

  it("sees its own policy and no other (rule 20)", () => {
    const { matchLabels } = spec.policySelector;
    const seen = policies.filter(
      (each) =>
        each.stage === stage &&
        each.object.metadata.namespace === metadata.namespace &&
        Object.entries(matchLabels).every(([key, value]) => each.object.metadata.labels[key] === value),
    );
    expect(seen.map((each) => each.object.metadata.name)).toEqual([metadata.name]);
    expect(matchLabels).toEqual({ app: expect.any(String), stage: stage.name });
  });

  it("signs as fluxcdbot and names stage and app (rules 3, 20)", () => {
    expect(spec.git.commit.author).toEqual({ name: "fluxcdbot", email: "fluxcdbot@users.noreply.github.com" });
    expect(spec.git.commit.messageTemplateValues).toMatchObject({ stage: stage.name });
  });

  it("has a message of fields that Flux still has (rule 3)", () => {
    const actions = [...spec.git.commit.messageTemplate.matchAll(/\{\{-?\s*(.*?)\s*\}\}/g)].map(([, action]) => action);
    expect(actions).toEqual([
      ".Values.app",
      ".Values.stage",
      ".AutomationObject",
      "range .Changed.Changes",
      ".OldValue",
      ".NewValue",
      "end",
    ]);
  });

  it("runs every minute, up to half a minute later than the others (rule 21)", () => {
    const seconds = Number(/^(\d+)s$/.exec(spec.interval)?.[1]);
    expect(seconds).toBeGreaterThanOrEqual(60);
    expect(seconds).toBeLessThan(90);
  });

  it("pushes through the source made for it (rule 24)", () => {
    const { name, namespace } = spec.sourceRef;
    const sources = ofKind("GitRepository").filter((each) => each.stage === stage);
    expect(sources.map((each) => each.object.metadata)).toEqual([{ name, namespace }]);
  });
});

describe("the automations", () => {
  it("cover no file twice, in any stage (rule 15)", () => {
    const paths = automations.map(({ object }) => `${object.spec.update.path}/`);
    const nested = paths.filter((a, i) => paths.some((b, j) => i !== j && a.startsWith(b)));
    expect(paths).toHaveLength(9);
    expect(nested).toEqual([]);
  });

  it("do not all run at the same moment (rule 21)", () => {
    expect(new Set(automations.map(({ object }) => object.spec.interval)).size).toBeGreaterThan(1);
  });
});

describe("the write source", () => {
  it.each(ofKind("GitRepository"))(
    "of $stage.name names its branch and bootstrap's Secret (rules 24, 25)",
    ({ object }) => {
      expect(object.spec).toEqual({
        interval: "1h",
        timeout: "60s",
        url: "ssh://git@github.com/acme/gitops",
        ref: { branch: "main" },
        secretRef: { name: "flux-system" },
      });
    },
  );
});

describe.each(trees)("markers in $stage.name", ({ stage, tree: { files } }) => {
  const found = Object.entries(files).flatMap(([path, text]) => setters(text).map((setter) => ({ path, ...setter })));

  it("are one per app, on the image line of its strategic merge patch (rule 16)", () => {
    const places = stage.apps.map(({ name }) => [
      `apps/${name}/${stage.name}/deployment-patch.yaml`,
      "0/spec/template/spec/containers/0/image",
    ]);
    expect(found.map(({ path, place }) => [path, place])).toEqual(places);
  });

  it("are all that their comment says (rule 16)", () => {
    const comments = Object.values(files).flatMap((text) => text.match(/ # \{.*$/gm) ?? []);
    expect(comments).toEqual(
      stage.apps.map(({ name, namespace }) => ` # {"$imagepolicy": "${namespace}:${name}-${stage.name}"}`),
    );
  });

  it("name exactly one policy and lie under exactly one automation's path (rule 15)", () => {
    for (const { path, marker } of found) {
      const named = policies.filter((each) => {
        const { namespace, name } = each.object.metadata;
        return each.stage.name === stage.name && `${namespace}:${name}` === marker.policy;
      });
      const covering = automations.filter((each) => `./${path}`.startsWith(`${each.object.spec.update.path}/`));
      expect([named.length, covering.length]).toEqual([1, 1]);
      const [policy] = named;
      const [automation] = covering;
      expect(automation?.object.metadata.namespace).toBe(policy?.object.metadata.namespace);
    }
  });

  it("carry the first tag of this stage (rule 19)", () => {
    expect(found.map(({ value }) => value)).toEqual(stage.apps.map(({ image, tag }) => `${image}:${tag}`));
  });

  it("are in no base (rule 15)", () => {
    expect(found.filter(({ path }) => path.includes("/base/"))).toEqual([]);
  });
});
