/**
 * Three stages on three API servers and one repository: for some minutes each publishes and commits every few seconds.
 * `npm run test:flux -- --long contest` goes on for ten.
 */
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App, Fleet } from "../../stacks/config/fleet.ts";
import { pins } from "../node-plan.ts";
import type { Cluster } from "./harness/cluster.ts";
import { startTokenHost } from "./harness/git-host.ts";
import { until } from "./harness/until.ts";
import { appOf, type FileEdits, isLong, stageOf, startWorld, together, type World } from "./harness/world.ts";

const seconds = isLong ? 600 : 120;
/** Milliseconds. Whoever never rests leaves a slower one no moment to push in, for the minutes that a publish tries. */
const rest = 8_000;
const names = ["blog", "other-app"] as const;

/** A round's version in each stage's channel. */
const tagOf: { readonly [stage: string]: (round: number) => string } = {
  dev: (round) => `v9.0.${round}-develop.1`,
  stage: (round) => `v9.0.${round}-stage.1`,
  prod: (round) => `v9.0.${round}`,
};
const stages = Object.keys(tagOf);

const twoApps: FileEdits = {
  "Pulumi.yaml": { "apps.second-other-app": null, notifications: {} },
  "Pulumi.dev.yaml": { "overrides.second-other-app": null, webhooks: null },
  "Pulumi.stage.yaml": { "overrides.second-other-app": null },
  "Pulumi.prod.yaml": { "overrides.second-other-app": null },
};

let world: World;
let fleet: Fleet;
let clusters: readonly Cluster[];

const places = () =>
  clusters.flatMap((cluster) => names.map((name) => ({ cluster, app: appOf(fleet, cluster.stage, name) })));
const patch = (app: App, { stage }: Cluster) => `apps/${app.name}/${stage}/deployment-patch.yaml`;
const logs = () => clusters.map(({ controllers }) => controllers.logs(12)).join("\n");

/** As a person does whom the program tells to run it again when the branch rests. */
async function publish(stage: string, replicas: number): Promise<void> {
  const keys = Object.fromEntries(names.map((name) => [`overrides.${name}.replicas`, replicas]));
  const wanted = world.fleet(together(twoApps, { [`Pulumi.${stage}.yaml`]: keys }));
  for (;;) {
    const said = await world.program.up(wanted, stage).then(
      () => "",
      (error: Error) => error.message,
    );
    if (said === "") return;
    expect(said).toMatch(/run again when it rests$/);
    console.log(`${stage}: ${said}`);
  }
}

/** Publishes one replica more each time, until the end; gives how many there are then. */
async function publishing(stage: string, end: number, heads: string[]): Promise<number> {
  let replicas = 100;
  for (; Date.now() < end; heads.push(world.host.repository.head())) {
    replicas += 1;
    await publish(stage, replicas);
    await pause(rest);
  }
  return replicas;
}

/** Pushes a tag of every app and lets the cluster look, until the end; gives the last round. */
async function releasing(cluster: Cluster, end: number): Promise<number> {
  const own = places().filter((place) => place.cluster === cluster);
  let round = 0;
  while (Date.now() < end) {
    round += 1;
    for (const { app } of own) await world.push(app, tagOf[cluster.stage]?.(round) ?? "");
    await Promise.all(own.map(({ app }) => cluster.scan(app)));
    await pause(rest);
  }
  return round;
}

/** What the first servers said, by stage. */
const said = new Map<string, string>();

beforeAll(async () => {
  const host = await startTokenHost();
  world = await startWorld("contest", { host });
  fleet = world.fleet(twoApps);
  for (const stage of stages) {
    for (const app of stageOf(fleet, stage).apps) await world.push(app, app.tag);
    await world.program.up(fleet, stage);
  }
  host.gather(stages.length);
  const booted = stages.map((stage) =>
    world.boot(fleet, stage, async (server) => {
      const run = await server.run();
      said.set(stage, run.stdout);
      return run;
    }),
  );
  for (const replicas of [3, 4, 5]) await publish("dev", replicas);
  clusters = await Promise.all(booted);
  await Promise.all(clusters.map((cluster) => cluster.follow(world.host.repository.head())));
});
afterAll(async () => {
  await world?.close();
});

/** What a file said in each of its commits: the round of its tag, and the number of replicas. */
function course(path: string) {
  const { repository } = world.host;
  const commits = repository.git("log", "--reverse", "--format=%H", "main", "--", path).split("\n");
  const texts = commits.map((commit) => repository.git("show", `${commit}:${path}`));
  const found = (form: RegExp) => texts.map((text) => Number(form.exec(text)?.[1] ?? 0));
  return { tags: found(/:v9\.0\.(\d+)/), replicas: found(/replicas: (\d+)/) };
}

const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b);
const upTo = (last: number) => Array.from({ length: last - 100 }, (_, index) => 101 + index);

/** Of one stage: its last tags run, and no commit took back what another one wrote. */
async function whole(cluster: Cluster, { round, replicas }: { readonly round: number; readonly replicas: number }) {
  const tag = tagOf[cluster.stage]?.(round);
  for (const { app } of places().filter((place) => place.cluster === cluster)) {
    expect(await cluster.image(app)).toBe(`${app.image}:${tag}`);
    const told = course(patch(app, cluster));
    expect(told.tags).toEqual(sorted(told.tags));
    const published = told.replicas.filter((each) => each > 100);
    expect(published).toEqual(sorted(published));
    expect([...new Set(published)]).toEqual(upTo(replicas));
  }
}

describe("three stages are bootstrapped in one repository at once", () => {
  const flux = (stage: string) => `${stageOf(fleet, stage).path}/flux-system`;

  it("and a late push of flux is tried again by the first server, until every stage has its two commits", () => {
    const attempts = [...said.values()].map((text) => text.match(/^flux: attempt/gm)?.length ?? 0);
    expect(attempts.filter((count) => count > 1).length).toBeGreaterThanOrEqual(stages.length - 1);
    const { repository } = world.host;
    for (const stage of stages) {
      const commits = repository.git("log", "--author=Flux <>", "--format=%s", "main", "--", flux(stage)).split("\n");
      expect(commits).toEqual(["Add Flux sync manifests", `Add Flux v${pins.flux.version} component manifests`]);
    }
  });

  it("while the program publishes, and nothing of that is lost", () => {
    const told = course(`apps/${names[0]}/dev/deployment-patch.yaml`).replicas;
    expect(told).toEqual(expect.arrayContaining([3, 4, 5]));
  });
});

describe("three stages publish and commit to one repository at once", () => {
  it("nothing is lost, all converge, and the history is one line", { timeout: 3_600_000 }, async () => {
    const { repository } = world.host;
    const heads: string[] = [];
    const end = Date.now() + seconds * 1000;
    const last = await Promise.all(
      clusters.map(async (cluster) => {
        const both = [releasing(cluster, end), publishing(cluster.stage, end, heads)] as const;
        const [round, replicas] = await Promise.all(both);
        return { cluster, round, replicas };
      }),
    );
    const tags = last.flatMap(({ cluster, round }) =>
      places()
        .filter((place) => place.cluster === cluster)
        .map(({ app }) => [patch(app, cluster), `:${tagOf[cluster.stage]?.(round)} #`] as const),
    );
    await until({ what: "every last tag to be committed", within: 900, state: logs }, async () =>
      tags.every(([path, tag]) => repository.read(path).includes(tag)),
    );
    await Promise.all(clusters.map((cluster) => cluster.follow(repository.head())));
    for (const { cluster, ...reached } of last) await whole(cluster, reached);
    expect(heads.filter((head) => !repository.isAncestor(head, "main"))).toEqual([]);
    expect(repository.git("rev-list", "--merges", "--count", "main")).toBe("0");
    const told = last.map(
      ({ cluster, round, replicas }) => `${cluster.stage} ${round} tags, ${replicas - 100} publishes`,
    );
    console.log(`in ${seconds} s: ${told.join("; ")}; ${repository.git("rev-list", "--count", "main")} commits`);
  });
});
