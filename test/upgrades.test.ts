import { describe, expect, it } from "vitest";
import { objectsOf, treeOf, versions, withStage } from "./fleets.ts";

const upgrades = { window: { days: ["saturday"], start: "02:00", end: "05:00", timeZone: "Europe/Berlin" } };
const upgraded = (own: object = {}) =>
  objectsOf(
    treeOf(
      "prod",
      withStage("prod", ({ cluster }) => ({ cluster: { ...cluster, upgrades: own } })),
    ),
  );

describe("upgrades of k3s", () => {
  it("are in no stage that does not ask for them", () => {
    expect(objectsOf(treeOf("prod")).filter(({ text }) => text.includes("k3s-upgrade"))).toEqual([]);
  });

  it.each([
    ["clusters/production/k3s-upgrade.yaml"],
    ["clusters/production/infrastructure/k3s-upgrade/kustomization.yaml"],
    ["clusters/production/infrastructure/k3s-upgrade/plans.yaml"],
  ])("are %s", async (path) => {
    const { files } = treeOf(
      "prod",
      withStage("prod", ({ cluster }) => ({ cluster: { ...cluster, upgrades } })),
    );
    await expect(files[path]).toMatchFileSnapshot(`golden-upgrades/${path.split("/").slice(1).join("-")}`);
  });

  it("name one exact version, never a channel, and never two nodes at once (F81)", () => {
    const plans = upgraded().filter(({ kind }) => kind === "Plan");
    expect(plans.map(({ object }) => [object.metadata.name, object.spec.version, object.spec.concurrency])).toEqual([
      ["k3s-server", versions.k3s, 1],
      ["k3s-agent", versions.k3s, 1],
    ]);
    for (const { object } of plans) expect(object.spec).not.toHaveProperty("channel");
  });

  it("take agents after the servers, and servers after a snapshot (F81)", () => {
    const [servers, agents] = upgraded().filter(({ kind }) => kind === "Plan");
    expect(servers?.object.spec.prepare.command.join(" ")).toContain("k3s etcd-snapshot save");
    expect(agents?.object.spec.prepare.args).toEqual(["prepare", "k3s-server"]);
  });

  it("hold the controller to a commit, and its image to the tag", () => {
    const { version, commit } = versions.systemUpgradeController;
    const objects = upgraded().filter(({ path }) => path.endsWith("k3s-upgrade.yaml"));
    expect(objects.map(({ kind, object }) => [kind, object.metadata.name])).toEqual([
      ["GitRepository", "system-upgrade"],
      ["Kustomization", "system-upgrade"],
      ["Kustomization", "k3s-upgrade"],
    ]);
    expect(objects[0]?.object.spec.ref).toEqual({ tag: version, commit });
    expect(objects[1]?.object.spec.images).toEqual([{ name: "rancher/system-upgrade-controller", newTag: version }]);
    expect(objects[2]?.object.spec.dependsOn).toEqual([{ name: "system-upgrade" }]);
  });
});
