/**
 * At a repository of GitHub's, bootstrapped with a token as the seed has it. Nobody calls a Receiver or asks for a look: a pushed tag is found, committed and rolled out by the intervals that are
 * rendered. Here they are twenty times shorter; `npm run test:flux -- --long polling` waits for them as they are.
 */
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App, Fleet } from "../../stacks/config/fleet.ts";
import type { KubernetesObject } from "./harness/client.ts";
import type { Cluster } from "./harness/cluster.ts";
import { startGitHubHost } from "./harness/github-host.ts";
import { secondsOf } from "./harness/intervals.ts";
import { until } from "./harness/until.ts";
import { isLong, stageOf, startWorld, type World } from "./harness/world.ts";

const hurry = isLong ? 1 : 20;
const rounds = isLong ? 2 : 1;
/** Three of the longest interval, and what a busy machine needs besides; against hanging. */
const within = 1800 / hurry + 300;

const devOnly = {
  "Pulumi.yaml": {
    stages: [{ name: "dev", path: "clusters/dev", channel: { prerelease: "develop" } }],
    notifications: {},
    "repository.bootstrap": "github",
  },
  "Pulumi.dev.yaml": { webhooks: null },
  "Pulumi.stage.yaml": null,
  "Pulumi.prod.yaml": null,
};

let world: World;
let dev: Cluster;
let fleet: Fleet;

const apps = () => stageOf(fleet, "dev").apps;
const logs = () => dev.controllers.logs(12);

const runs = (app: App, tag: string) =>
  until({ what: `${app.name} to run ${tag}`, within, state: logs }, async () => {
    return (await dev.image(app)) === `${app.image}:${tag}`;
  });

async function repositoryOf({ name, namespace }: App): Promise<KubernetesObject> {
  const reference = { apiVersion: "image.toolkit.fluxcd.io/v1", kind: "ImageRepository", name, namespace };
  return until({ what: `a scan for ${name}`, within, state: logs }, async () => {
    const found = await dev.client.get(reference);
    return found?.["status"]?.lastScanResult?.scanTime && found;
  });
}

/** Waits until so much of the interval since an app's last scan has gone by. */
async function afterScan(app: App, share: number): Promise<void> {
  const { spec, status } = await repositoryOf(app);
  const interval = secondsOf(spec.interval) * 1000;
  const passed = Date.now() - Date.parse(status.lastScanResult.scanTime);
  await pause((share * interval - passed + interval) % interval);
}

interface Taken {
  readonly toCommit: number;
  readonly toDeployment: number;
}

/** Seconds from the push of a tag. */
async function delivery(app: App, tag: string): Promise<Taken> {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  await world.push(app, tag);
  const path = `apps/${app.name}/dev/deployment-patch.yaml`;
  await until({ what: `a commit of ${tag}`, within, state: logs }, async () =>
    world.host.repository.read(path).includes(`:${tag} #`),
  );
  const toCommit = seconds();
  await runs(app, tag);
  return { toCommit, toDeployment: seconds() };
}

beforeAll(async () => {
  world = await startWorld("polling", { hurry, host: await startGitHubHost() });
  fleet = world.fleet(devOnly);
  for (const app of apps()) await world.push(app, app.tag);
  await world.program.up(fleet, "dev");
  dev = await world.boot(fleet, "dev");
  await Promise.all(apps().map((app) => runs(app, app.tag)));
});
afterAll(async () => {
  await world?.close();
});

const kinds = [
  ["source.toolkit.fluxcd.io/v1", "GitRepository"],
  ["kustomize.toolkit.fluxcd.io/v1", "Kustomization"],
  ["image.toolkit.fluxcd.io/v1", "ImageRepository"],
  ["image.toolkit.fluxcd.io/v1", "ImageUpdateAutomation"],
  ["notification.toolkit.fluxcd.io/v1", "Receiver"],
] as const;

function report(taken: readonly Taken[]): void {
  const span = (values: readonly number[]) => {
    const sorted = values.toSorted((a, b) => a - b);
    const at = (share: number) => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
    return `${at(0)} / ${at(0.5)} / ${at(1)} s`;
  };
  const commit = span(taken.map(({ toCommit }) => toCommit));
  const deployment = span(taken.map(({ toDeployment }) => toDeployment));
  const how = hurry === 1 ? "as rendered" : `${hurry} times shorter than rendered`;
  console.log(`by polling, intervals ${how}: ${commit} to commit, ${deployment} to Deployment (min / median / max)`);
}

describe("a pushed tag of which nobody tells the cluster", () => {
  it("is committed and rolled out by the intervals alone, wherever in them it comes", {
    timeout: 7_200_000,
  }, async () => {
    const samples = apps().length * rounds;
    const taken = apps().map(async (app, index) => {
      const all: Taken[] = [];
      for (let round = 0; round < rounds; round += 1) {
        await afterScan(app, (index * rounds + round + 0.5) / samples);
        all.push(await delivery(app, `v9.0.${round}-develop.1`));
      }
      return all;
    });
    report((await Promise.all(taken)).flat());
    for (const [apiVersion, kind] of kinds) {
      const objects = await dev.client.list({ apiVersion, kind });
      expect(objects.filter(({ status }) => status?.lastHandledReconcileAt !== undefined)).toEqual([]);
      expect(objects.length > 0).toBe(kind !== "Receiver");
    }
  });
});
