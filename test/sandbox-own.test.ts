/** The sandbox with a configuration of one's own: what `npm start` then shows, and what it takes in the place of secrets. */
import { describe, expect, it } from "vitest";
import { showcase } from "../sandbox/delivery.ts";
import { dummiesFor } from "../sandbox/stage.ts";
import { outOfReach } from "../sandbox/story.ts";
import { resolve } from "../stacks/config/resolve.ts";
import { secretProblems, stageNeeds } from "../stacks/config/stage-secrets.ts";
import { guardedEdits } from "./fleets.ts";
import { type Edits, seedSources } from "./sources.ts";

const shownOf = (edits: Edits) => {
  const shown = showcase(resolve(seedSources(edits)));
  return shown && [shown.app.name, ...shown.taking.map(({ stage }) => stage.name)].join(" ");
};
const everywhere = (edit: object) =>
  ["dev", "stage", "prod"].map((stage) => {
    const apps = ["blog", "other-app", "second-other-app"];
    const edits = apps.flatMap((app) => Object.entries(edit).map(([key, value]) => [`overrides.${app}.${key}`, value]));
    return [`Pulumi.${stage}.yaml`, Object.fromEntries(edits)] as const;
  });

describe("new tags", () => {
  it("are pushed for the first app that every stage takes by itself", () => {
    expect(shownOf({})).toBe("blog dev stage prod");
    expect(shownOf({ "Pulumi.stage.yaml": { "overrides.blog.hold": true } })).toBe("other-app dev stage prod");
  });

  it("are pushed for those stages only that take them by themselves", () => {
    const { "Pulumi.stage.yaml": _, ...others } = Object.fromEntries(everywhere({ rollout: "pull-request" }));
    expect(shownOf(others)).toBe("blog stage");
    expect(shownOf(Object.fromEntries(everywhere({ hold: true })))).toBeUndefined();
  });
});

describe("an API in the private network alone", () => {
  it("is said to be out of reach before anything is begun", () => {
    const outOf = (edits: Edits) => outOfReach(resolve(seedSources(edits)));
    const closed = { "cluster.api.allow": [] };
    expect(outOf({})).toBeUndefined();
    expect(outOf({ "Pulumi.dev.yaml": closed })).toMatch(/^The API of dev is in the private network alone /);
    expect(outOf({ "Pulumi.dev.yaml": { ...closed, "cluster.access": "none" } })).toBeUndefined();
  });
});

describe("dummies", () => {
  const ownKeys = {
    ...guardedEdits["Pulumi.yaml"],
    "repository.write": null,
    "apps.blog.decryption": { secret: "own" },
  };
  const https = { "repository.url": "https://github.com/acme/gitops", "repository.decryption": null };
  const store = { endpoint: "fsn1.your-objectstorage.com", bucket: "acme-etcd", region: "fsn1" };
  const stages = {
    ...guardedEdits,
    "Pulumi.prod.yaml": { ...guardedEdits["Pulumi.prod.yaml"], "cluster.snapshots": store },
  };

  it.each([
    ["a deploy key", {}],
    ["a token, and no age key of all", https],
    ["flux bootstrap github", { "repository.url": "https://github.com/acme/gitops", "repository.bootstrap": "github" }],
  ])("are there for every secret that a stage needs, each in its form: %s", (_, shared) => {
    const fleet = resolve(seedSources({ ...stages, "Pulumi.yaml": { ...ownKeys, ...shared } }));
    for (const stage of fleet.stages) {
      const given = dummiesFor(fleet, stage.name).map(([path, value]) => {
        return [path.includes(":") ? path : `${fleet.project}:${path}`, value];
      });
      expect(secretProblems(stageNeeds(fleet, stage), Object.fromEntries(given), stage.name)).toEqual([]);
    }
  });
});
