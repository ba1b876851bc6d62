/** Random histories of the GitOps repository: three stages, their automations and people write at once (F72, F73, F74). */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readHead } from "../stacks/publish/head.ts";
import { plan, release } from "../stacks/publish/merge.ts";
import { PublishError } from "../stacks/publish/problem.ts";
import { publish } from "../stacks/publish/publish.ts";
import type { Head } from "../stacks/publish/snapshot.ts";
import { setMarked } from "../stacks/tree/setters.ts";
import type { Files } from "./heads.ts";
import { Branch, orphans } from "./history-model.ts";
import { random } from "./random.ts";
import { Turns } from "./turns.ts";

const stages = ["dev", "stage", "prod"] as const;
type Stage = (typeof stages)[number];
const apps = ["blog", "shop"] as const;
type App = (typeof apps)[number];

interface Config {
  readonly apps: readonly App[];
  readonly replicas: number;
  /** Of the skeleton that all stages share. */
  readonly base: string;
}

const overlay = (app: App, stage: Stage) => `apps/${app}/${stage}/patch.yaml`;
const sync = (stage: Stage) => `clusters/${stage}/flux-system/gotk-sync.yaml`;

/** What the renderer gives, in small. */
function tree(stage: Stage, config: Config): Files {
  const of = (app: App): readonly (readonly [string, string])[] => [
    [`apps/${app}/base/deployment.yaml`, `kind: Deployment\nname: ${app}-${config.base}\n`],
    [
      overlay(app, stage),
      `replicas: ${config.replicas}\nimage: ghcr.io/acme/${app}:v0.0.0 # {"$imagepolicy": "${app}:${app}-${stage}"}\n`,
    ],
    [`clusters/${stage}/apps/${app}.yaml`, `path: ./apps/${app}/${stage}\n`],
  ];
  return new Map([
    [`clusters/${stage}/kustomization.yaml`, `resources: [${config.apps}]\n`],
    ...config.apps.flatMap(of),
  ]);
}

const app = fc.constantFrom(...apps);
const stageName = fc.constantFrom(...stages);
const config = fc.record<Config>({
  apps: fc.constantFrom<readonly App[]>(["blog"], ["blog", "shop"], ["shop"]),
  replicas: fc.integer({ min: 1, max: 3 }),
  base: fc.constantFrom("a", "b"),
});
const step = {
  publish: fc.oneof(
    { weight: 8, arbitrary: config.map((now) => ({ kind: "publish", config: now }) as const) },
    { weight: 1, arbitrary: fc.constant({ kind: "destroy" } as const) },
  ),
  flux: fc.record({ app, tag: fc.integer({ min: 1, max: 9 }) }),
  person: fc.record({
    kind: fc.constantFrom("note", "edit", "comment", "readme", "merge"),
    app,
    stage: stageName,
    word: fc.nat(9),
  }),
};
const history = fc.record({
  seed: fc.integer(),
  publishes: fc.tuple(...stages.map(() => fc.array(step.publish, { minLength: 1, maxLength: 3 }))),
  tags: fc.tuple(...stages.map(() => fc.array(step.flux, { maxLength: 3 }))),
  edits: fc.array(step.person, { maxLength: 4 }),
  last: config,
});
type History = Parameters<Parameters<typeof history.map>[0]>[0];
type Publish = History["publishes"][number][number];
type Edit = History["edits"][number];

const people = new Set<string>([
  "README.md",
  ...apps.flatMap((each) => stages.map((stage) => `apps/${each}/${stage}/notes.md`)),
]);
for (const stage of stages) people.add(sync(stage));

const edited = (files: Files, path: string, change: (text: string) => string): Files | undefined => {
  const text = files.get(path);
  return text === undefined || change(text) === text ? undefined : new Map(files).set(path, change(text));
};

function edit({ kind, app: of, stage, word }: Edit, files: Files): Files | undefined {
  const image = { name: `ghcr.io/acme/${of}`, tag: `v0.${word}.1`, digest: undefined };
  switch (kind) {
    case "readme":
      return new Map(files).set("README.md", `${word}\r\n`);
    case "note":
      return new Map(files).set(`apps/${of}/${stage}/notes.md`, `${word}`);
    case "edit":
      return edited(files, overlay(of, stage), (text) => text.replace(/replicas: .*/, `replicas: ${word + 10}`));
    case "comment":
      return edited(files, overlay(of, stage), (text) => `${text}# ${word}\n`);
    default:
      // A pull request of Flux's: squashed into one commit on the head as it is.
      return edited(files, overlay(of, stage), (text) => setMarked(text, `${of}:${of}-${stage}`, image));
  }
}

interface World {
  readonly branch: Branch;
  readonly turns: Turns;
}

/** A preview, and the update that it was shown for; both may be overtaken by anybody. */
async function update({ branch }: World, stage: Stage, wanted: Publish): Promise<void> {
  let seen: Head | undefined;
  const remote = branch.remote(stage, () => seen);
  const args = { stage, path: `clusters/${stage}`, placeholders: [sync(stage)] };
  const desired = wanted.kind === "publish" ? tree(stage, wanted.config) : new Map<string, string>();
  const target = { stage, clusters: [args.path], paths: [...desired.keys(), ...args.placeholders] };
  const planned = (head: Head) =>
    wanted.kind === "publish" ? plan({ ...args, desired, head }) : release({ ...args, head });
  try {
    const head = await readHead(remote, await remote.fetch(), target);
    if (wanted.kind === "publish") seen = head;
    await publish(remote, { target, plan: planned, seen, patience: 600 });
  } catch (error) {
    if (!(error instanceof PublishError)) throw error;
    branch.counts.refusals++;
  }
}

async function flux({ branch }: World, stage: Stage, tags: History["tags"][number]): Promise<void> {
  for (const { app: of, tag } of tags) {
    const image = { name: `ghcr.io/acme/${of}`, tag: `v0.${tag}.0`, digest: undefined };
    const set = (text: string) => setMarked(text, `${of}:${of}-${stage}`, image);
    await branch.edit("flux", (files) => edited(files, overlay(of, stage), set));
  }
  await branch.edit("bootstrap", (files) => edited(files, sync(stage), (text) => text || "kind: GitRepository\n"));
}

async function played({ seed, publishes, tags, edits, last }: History): Promise<Branch> {
  const draw = random(seed);
  const turns = new Turns(draw);
  const branch = new Branch(turns, draw);
  const world = { branch, turns };
  const actors = [
    ...stages.map((stage, index) => async () => {
      for (const wanted of publishes[index] ?? []) await update(world, stage, wanted);
    }),
    ...stages.map((stage, index) => () => flux(world, stage, tags[index] ?? [])),
    async () => {
      for (const each of edits)
        for (let count = 0; count < 3 && !(await branch.edit("person", (files) => edit(each, files))); count++);
    },
  ];
  await turns.all(actors);
  await turns.all([() => settle(world, last)]);
  return branch;
}

/** A run of each stage without anybody in its way, until it gets through. */
async function settle(world: World, last: Config): Promise<void> {
  for (const stage of stages) {
    for (let refusals = -1; refusals < world.branch.counts.refusals; ) {
      refusals = world.branch.counts.refusals;
      await update(world, stage, { kind: "publish", config: last });
    }
  }
}

/** 10,000 in all with HISTORIES=10000; the seed of a failure is printed, and repeats it. */
const numRuns = Number(process.env["HISTORIES"] ?? 1000);

describe("whoever writes at the same time", () => {
  const total = { races: 0, lostAnswers: 0, refusals: 0, commits: 0, flux: 0 };

  it("no tag of Flux's is lost, no file of people's changed, no orphan left, and history stays one line (F72, F73, F74)", async () => {
    await fc.assert(
      fc.asyncProperty(history, async (one) => {
        const branch = await played(one);
        expect(branch.harm).toEqual([]);
        expect(orphans(branch.files(), people)).toEqual([]);
        expect(branch.commits.map(({ parent }) => parent)).toEqual(branch.commits.map((_, index) => index - 1));
        const settled = branch.head;
        const turns = new Turns(() => 0);
        const anew = new Branch(turns, () => 1, branch.commits);
        await turns.all([() => settle({ branch: anew, turns }, one.last)]);
        expect(anew.head).toBe(settled);
        for (const key of ["races", "lostAnswers", "refusals"] as const) total[key] += branch.counts[key];
        total.commits += branch.commits.length;
        total.flux += branch.commits.filter(({ by }) => by === "flux").length;
      }),
      { numRuns },
    );
  }, 1_800_000);

  it("and they did meet", () => {
    for (const count of Object.values(total)) expect(count).toBeGreaterThan(numRuns / 20);
  });
});
